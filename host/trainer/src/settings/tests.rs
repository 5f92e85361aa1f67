use super::*;
use kiln_core::Schedule;

#[test]
fn schedules_read_as_they_are_written() {
    for text in [
        "constant",
        "step:5:0.1",
        "cosine:0.5",
        "cosine:0",
        "cosine:15%",
        "cosine:2.5%",
    ] {
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
        "cosine:-1%",
        "cosine:101%",
        "cosine:%",
        "cosine:15%%",
    ] {
        assert!(text.parse::<ScheduleSetting>().is_err(), "{text}");
    }
}

#[test]
fn epochs_become_steps() {
    let setting: ScheduleSetting = "step:2:0.5".parse().unwrap();
    assert_eq!(setting.in_steps(8, 10).rate(1.0, 20, 0), 0.5);
    let setting: ScheduleSetting = "cosine:0.5".parse().unwrap();
    assert_eq!(setting.in_steps(8, 10), Schedule::Cosine { warmup: 5 });
    let setting: ScheduleSetting = "cosine:15%".parse().unwrap();
    let schedule = setting.in_steps(8, 10);
    assert_eq!(schedule, Schedule::Cosine { warmup: 12 });
    assert_eq!(
        [0, 5, 11, 12, 80].map(|step| schedule.rate(3.0, step, 80)),
        [0.25, 1.5, 3.0, 3.0, 0.0]
    );
    assert_eq!(setting.in_steps(1, 3), Schedule::Cosine { warmup: 0 });
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
    assert_eq!(
        with(|s| s.quantize_epochs = Some(1)),
        Err("quantize-epochs")
    );
    let epochs = |epochs| Settings {
        quantize: Some(true),
        quantize_epochs: Some(epochs),
        ..Settings::default()
    };
    assert!(epochs(0).resolve(1, 1).is_err());
    assert!(epochs(1).resolve(1, 1).is_ok());
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
    let nesterov = |momentum| {
        let settings = Settings {
            nesterov: Some(true),
            momentum: Some(momentum),
            ..Settings::default()
        };
        settings.resolve(1, 1).map_err(|error| error.name)
    };
    assert_eq!(nesterov(0.0), Err("nesterov"));
    assert!(nesterov(0.5).is_ok());
    for share in [-0.1, 1.0, f64::NAN, 0.999_999_999_999] {
        let settings = Settings {
            label_smoothing: Some(share),
            ..Settings::default()
        };
        let name = settings.resolve(1, 1).map_err(|error| error.name);
        assert_eq!(name, Err("label-smoothing"), "{share}");
    }
    let smoothed = |s: &mut Settings| s.label_smoothing = Some(0.1);
    assert!(with(smoothed).is_ok());
    let of_no_labels = |s: &mut Settings| {
        s.label_smoothing = Some(0.1);
        s.loss = Some(LossSetting::Mse);
    };
    assert_eq!(with(of_no_labels), Err("label-smoothing"));
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

#[test]
fn later_settings_are_written_only_where_they_are_used() {
    let usual = Settings::default().resolve(1, 1).unwrap();
    let text = toml::to_string(&Settings::from(usual)).unwrap();
    for name in ["nesterov", "loss", "label"] {
        assert!(!text.contains(name), "{text}");
    }
    assert_eq!(usual.unusual(), "");
    let text = "nesterov = true\nlabel_smoothing = 0.1\nschedule = \"cosine:15%\"\n";
    let settings: Settings = toml::from_str(text).unwrap();
    let resolved = settings.resolve(1, 1).unwrap();
    assert!(resolved.sgd().nesterov);
    assert_eq!(resolved.unusual(), "nesterov, label smoothing 0.1, ");
    let written = toml::to_string(&Settings::from(resolved)).unwrap();
    for line in text.lines() {
        assert!(written.lines().any(|other| other == line), "{written}");
    }
    let again: Settings = toml::from_str(&written).unwrap();
    assert_eq!(again.resolve(1, 1), Ok(resolved));
    let mse: Settings = toml::from_str("loss = \"mse\"").unwrap();
    let resolved = mse.resolve(1, 1).unwrap();
    assert_eq!(resolved.unusual(), "loss mse, ");
    let written = toml::to_string(&Settings::from(resolved)).unwrap();
    assert!(written.contains("loss = \"mse\"\n"), "{written}");
}
