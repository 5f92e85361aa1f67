use super::*;

#[test]
fn a_last_layer_is_made_anew_for_other_classes() {
    let folder = tempfile::tempdir().unwrap();
    for (class, shade) in [("a", 10), ("b", 90), ("c", 170)] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
        let picture = image::GrayImage::from_pixel(12, 12, image::Luma([shade]));
        picture
            .save(folder.path().join(class).join("one.png"))
            .unwrap();
    }
    let name = folder.path().display().to_string();
    let dataset = data::load(&name, &data::Options::default()).unwrap();
    let mut two = dataset.clone();
    two.classes.pop();
    let old = initial(&two, 1).unwrap();
    let path = folder.path().join("model.kiln");
    std::fs::write(&path, old.as_slice()).unwrap();
    let (bytes, description) = made_anew(&path, &dataset, 2).unwrap();
    let (new, old) = (bytes.open().unwrap(), old.open().unwrap());
    assert_eq!(new.class_names().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(new.network().classes(), 3);
    assert!(
        description.contains("made anew, for 3 classes (a, b, c) instead of 2 classes (a, b)"),
        "{description}"
    );
    let kept = old.parameters().len() - 2 * 129;
    assert_eq!(new.parameters()[..kept], old.parameters()[..kept]);
    assert_eq!(new.scaling(), old.scaling());
}

#[test]
fn what_a_model_was_trained_on_is_known_by_its_run() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
        for shade in 0..20 {
            let path = folder.path().join(class).join(format!("{shade}.png"));
            let value = shade + 100 * u8::from(class == "a");
            let picture = image::GrayImage::from_pixel(12, 12, image::Luma([value]));
            picture.save(path).unwrap();
        }
    }
    let name = folder.path().display().to_string();
    let dataset = data::load(&name, &data::Options::default()).unwrap();
    let config = |fingerprint: &str| {
        format!(
            "[training]\nvalidation = 0.25\nseed = 3\n[record]\nversion = '0'\nsource = ''\n\
             fingerprint = '{fingerprint}'\nthreads = 1\nlanes = 1\n"
        )
    };
    let run = tempfile::tempdir().unwrap();
    let write = |text: String| std::fs::write(run.path().join(CONFIG), text).unwrap();
    assert_eq!(trained_on(run.path(), &dataset), None);
    write(config("other"));
    assert_eq!(trained_on(run.path(), &dataset), None);
    write(config(dataset.sha256()));
    let model = run.path().join("model.kiln");
    let trained = trained_on(&model, &dataset).unwrap();
    assert_eq!(trained.len(), 30);
    assert_eq!(trained, Split::of(&dataset, 0.25, 3).unwrap().train);
    assert_eq!(among(&[trained[0], trained[7], 1000], &trained), 2);
}

#[test]
fn samples_to_test_on_are_not_trained_on() {
    assert_eq!(others(6, &[0, 3], 2), [1, 4]);
    assert_eq!(others(6, &[0, 3], 9), [1, 2, 4, 5]);
    assert!(others(2, &[0, 1], 5).is_empty());
    assert!(others(2, &[0], 0).is_empty());
}
