use super::*;
use kiln_core::Schedule;

#[test]
fn schedules_read_as_they_are_written() {
    for text in ["constant", "step:5:0.1", "cosine:0.5", "cosine:0"] {
        assert_eq!(text.parse::<ScheduleSetting>().unwrap().to_string(), text);
    }
    assert_eq!("cosine".parse(), Ok(defaults::SCHEDULE));
    for text in [
        "",
        "Cosine",
        "step",
        "step:0:0.1",
        "step:5:0",
        "step:5:nan",
        "cosine:-1",
    ] {
        assert!(text.parse::<ScheduleSetting>().is_err(), "{text}");
    }
}

#[test]
fn epochs_become_steps() {
    let setting: ScheduleSetting = "step:2:0.5".parse().unwrap();
    assert_eq!(setting.in_steps(10).rate(1.0, 20, 0), 0.5);
    let setting: ScheduleSetting = "cosine:0.5".parse().unwrap();
    assert_eq!(setting.in_steps(10), Schedule::Cosine { warmup: 5 });
}

#[test]
fn what_is_out_of_bounds_is_named() {
    let with = |change: fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.resolve(1, 1).map_err(|error| error.name)
    };
    assert!(with(|_| ()).is_ok());
    assert_eq!(with(|s| s.epochs = Some(0)), Err("epochs"));
    assert_eq!(with(|s| s.batch = Some(0)), Err("batch"));
    assert_eq!(with(|s| s.batch = Some(1 << 17)), Err("batch"));
    assert_eq!(with(|s| s.lr = Some(f64::NAN)), Err("lr"));
    assert_eq!(with(|s| s.lr = Some(0.0)), Err("lr"));
    assert_eq!(with(|s| s.lr = Some(1e-60)), Err("lr"));
    assert_eq!(with(|s| s.lr = Some(-0.1)), Err("lr"));
    assert_eq!(with(|s| s.lr = Some(f64::INFINITY)), Err("lr"));
    assert_eq!(with(|s| s.momentum = Some(1.0)), Err("momentum"));
    assert_eq!(with(|s| s.momentum = Some(f64::NAN)), Err("momentum"));
    assert_eq!(with(|s| s.weight_decay = Some(-1.0)), Err("weight-decay"));
    assert_eq!(with(|s| s.weight_decay = Some(1e60)), Err("weight-decay"));
    assert_eq!(with(|s| s.seed = Some(u64::MAX)), Err("seed"));
    assert_eq!(with(|s| s.validation = Some(1.0)), Err("validation"));
    assert_eq!(with(|s| s.validation = Some(f64::NAN)), Err("validation"));
}

#[test]
fn flags_come_before_the_file_and_the_file_before_defaults() {
    let flags = Settings {
        epochs: Some(3),
        ..Settings::default()
    };
    let file = Settings {
        epochs: Some(5),
        batch: Some(7),
        ..Settings::default()
    };
    let resolved = flags.or(file).resolve(3, 5000).unwrap();
    assert_eq!((resolved.epochs, resolved.batch), (3, 7));
    assert_eq!(resolved.weight_decay, defaults::WEIGHT_DECAY_COLOUR);
    assert_eq!(Settings::from(resolved).resolve(1, 1), Ok(resolved));
}

#[test]
fn augmentations_read_as_they_are_written() {
    for text in [
        "none",
        "flip",
        "flip,shift:4",
        "shift:1,rotate:12.5,erase:0.25",
    ] {
        assert_eq!(text.parse::<AugmentSetting>().unwrap().to_string(), text);
    }
    assert_eq!("photos".parse(), "shift:2,flip".parse::<AugmentSetting>());
    for text in [
        "",
        "Flip",
        "flip:1",
        "flip,flip",
        "flip,none",
        "shift",
        "shift:0",
        "shift:-1",
        "shift:1.5",
        "rotate:nan",
        "rotate:181",
        "erase:0",
        "erase:1.1",
        "erase:inf",
    ] {
        assert_eq!(text.parse::<AugmentSetting>(), Err(AugmentError), "{text}");
    }
}
