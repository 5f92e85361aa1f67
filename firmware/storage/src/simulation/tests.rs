use super::*;

type Flash = SimulatedFlash<[u8; 64], [u32; 4], 4, 16>;

fn zeros() -> Flash {
    Flash::new([0; 64], [0; 4])
}

#[test]
fn an_erase_sets_whole_pages_and_is_counted() {
    let mut flash = zeros();
    flash.erase(16, 48).unwrap();
    assert!(flash.memory[..16].iter().all(|byte| *byte == 0));
    assert!(flash.memory[16..48].iter().all(|byte| *byte == 0xFF));
    assert!(flash.memory[48..].iter().all(|byte| *byte == 0));
    assert_eq!((*flash.wear(), flash.operations()), ([0, 1, 1, 0], 1));
    assert_eq!(flash.erase(8, 16), Err(SimulationError::NotAligned));
    assert_eq!(flash.erase(48, 80), Err(SimulationError::OutOfBounds));
    assert_eq!(flash.operations(), 1);
}

#[test]
fn a_word_is_written_once_after_an_erase() {
    let mut flash = zeros();
    let refused = Err(SimulationError::NotErased { offset: 4 });
    assert_eq!(flash.write(4, &[0; 4]), refused);
    flash.erase(0, 16).unwrap();
    flash.write(4, &[0xFF, 0xFF, 0xF0, 0xFF]).unwrap();
    assert_eq!(flash.write(0, &[0; 8]), refused);
    assert_eq!(flash.write(2, &[0; 4]), Err(SimulationError::NotAligned));
    assert_eq!(flash.write(0, &[0; 3]), Err(SimulationError::NotAligned));
    assert_eq!(flash.write(64, &[0; 4]), Err(SimulationError::OutOfBounds));
    let mut bytes = [0; 8];
    flash.read(1, &mut bytes).unwrap();
    assert_eq!(bytes, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xF0, 0xFF, 0xFF]);
    assert_eq!(
        flash.read(60, &mut bytes),
        Err(SimulationError::OutOfBounds)
    );
}

#[test]
fn a_cut_write_is_done_in_part_and_nothing_works_until_the_power_is_back() {
    for cut in Cut::ALL {
        let mut flash = Flash::new([0xFF; 64], [0; 4]);
        flash.cut_power_after(1, cut);
        flash.write(0, &[0; 4]).unwrap();
        assert_eq!(flash.write(4, &[0; 8]), Err(SimulationError::NoPower));
        assert!(!flash.is_powered());
        assert_eq!(flash.write(32, &[0; 4]), Err(SimulationError::NoPower));
        assert_eq!(flash.erase(0, 16), Err(SimulationError::NoPower));
        assert_eq!(flash.read(0, &mut [0]), Err(SimulationError::NoPower));
        flash.power_on();
        assert!(flash.memory[12..].iter().all(|byte| *byte == 0xFF));
        check_parts(cut, flash.memory[4..12].iter().map(|byte| !byte));
        flash.write(32, &[0; 4]).unwrap();
    }
}

#[test]
fn a_cut_erase_is_done_in_part() {
    for cut in Cut::ALL {
        let mut flash = zeros();
        flash.cut_power_after(0, cut);
        assert_eq!(flash.erase(16, 48), Err(SimulationError::NoPower));
        assert_eq!(*flash.wear(), [0, 1, 0, 0]);
        let (page, rest) = flash.memory[16..].split_at(16);
        assert!(
            rest.iter()
                .chain(&flash.memory[..16])
                .all(|byte| *byte == 0)
        );
        check_parts(cut, page.iter().copied());
    }
}

/// Bits that changed, byte by byte, against what the cut promises.
fn check_parts(cut: Cut, changed: impl ExactSizeIterator<Item = u8>) {
    let half = changed.len() / 2;
    let mut bits = [0; 2];
    for (index, byte) in changed.enumerate() {
        bits[index / half] += byte.count_ones();
    }
    let all = 8 * half as u32;
    let some = |bits| (1..all).contains(&bits);
    match cut {
        Cut::Before => assert_eq!(bits, [0, 0]),
        Cut::FirstHalf => assert_eq!(bits, [all, 0]),
        Cut::SecondHalf => assert_eq!(bits, [0, all]),
        Cut::SomeBits => assert!(some(bits[0]) && some(bits[1]), "{bits:?}"),
        Cut::FirstHalfAndSomeBits => assert!(bits[0] == all && some(bits[1]), "{bits:?}"),
        Cut::After => assert_eq!(bits, [all, all]),
    }
}
