use super::*;
use crate::training::MeanScore;
use std::fs;
use std::time::Duration;

fn checkpoint() -> Checkpoint {
    let score = MeanScore {
        loss: 0.1,
        accuracy: Some(1.0 / 3.0),
    };
    let epoch = Epoch {
        train: Some(score),
        validation: None,
        samples: 90,
        train_time: Duration::from_nanos(1_234_567_891),
        time: Duration::from_secs(2),
    };
    Checkpoint {
        config: RunConfig {
            dataset: Some("bars".into()),
            ..RunConfig::default()
        },
        position: Position {
            epochs: 2,
            steps: 3,
            loss_sum: 1.0 / 7.0,
            correct: 5,
            samples: 9,
            time: Duration::from_millis(3),
        },
        epochs: vec![epoch, epoch],
        parameters: vec![1.5, -0.0, f32::MIN_POSITIVE],
        velocity: vec![0.1, f32::MAX, -3.25],
        statistics: vec![0.25, 1.0 / 3.0],
        best: Some(BestEpoch {
            epoch: 1,
            score,
            parameters: vec![0.5, -1.0, 7.0],
            statistics: vec![0.75, 3.0],
        }),
        scaling: Scaling::new(&[0.5, 2.0], &[-0.0, 1.0]).unwrap(),
        classes: vec!["a".into(), "café".into()],
    }
}

fn encoded(checkpoint: &Checkpoint) -> Vec<u8> {
    let facts = CheckpointFacts {
        config: checkpoint.config.to_toml().unwrap(),
        scaling: checkpoint.scaling.clone(),
        classes: checkpoint.classes.clone(),
    };
    let parts = CheckpointParts {
        facts: &facts,
        position: &checkpoint.position,
        epochs: &checkpoint.epochs,
        parameters: &checkpoint.parameters,
        velocity: &checkpoint.velocity,
        statistics: &checkpoint.statistics,
        best: checkpoint.best.as_ref(),
    };
    parts.encode().unwrap()
}

fn read(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    Checkpoint::read(&path)
}

/// As [`encoded`], but with the length and checksum that the bytes ask for.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let behind = (bytes.len() - PREFIX) as u64;
    bytes[16..24].copy_from_slice(&behind.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[16..]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

#[test]
fn what_is_written_is_read_to_the_bit() {
    let checkpoint = checkpoint();
    let again = read(&encoded(&checkpoint)).unwrap();
    assert_eq!(again, checkpoint);
    assert!(again.parameters[1].is_sign_negative());
}

#[test]
fn every_cut_and_every_changed_byte_is_found() {
    let bytes = encoded(&checkpoint());
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length}");
    }
    for index in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut damaged = bytes.clone();
            damaged[index] ^= bit;
            assert!(read(&damaged).is_err(), "{index}");
        }
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(read(&longer), Err(CheckpointError::Length { .. })));
}

#[test]
fn each_kind_of_damage_has_its_words() {
    let bytes = encoded(&checkpoint());
    let refused = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert!(refused(b"hello").contains("no checkpoint of Kiln"));
    assert!(refused(b"").contains("no checkpoint of Kiln"));
    let mut newer = bytes.clone();
    newer[8] = 4;
    assert!(refused(&newer).contains("has format 4, this version of Kiln reads format 3"));
    let expected = format!("should be {} bytes long", bytes.len());
    assert!(refused(&bytes[..bytes.len() - 1]).contains(&expected));
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(refused(&changed).contains("its checksum is"));
    let odd = sealed(bytes[..bytes.len() - 4].to_vec());
    assert!(refused(&odd).contains("no velocity for each parameter"));
    assert!(refused(&sealed(bytes[..40].to_vec())).contains("not sound"));
    let mut epochs = checkpoint();
    epochs.epochs.pop();
    assert!(refused(&encoded(&epochs)).contains("each epoch done"));
}
