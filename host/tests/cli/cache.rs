//! Decoded images that are kept between runs.

use crate::support::{Workspace, read};
use std::fs;

/// A folder `data` of two classes of two images, uncompressed so that they are long.
fn photographs() -> Workspace {
    let workspace = Workspace::new();
    for class in 0..2_u32 {
        for number in 0..2_u32 {
            let picture = image::RgbImage::from_fn(800, 700, |x, y| {
                let value = (x / 50 * (class + 1) + y / 70 * 3 + number) % 256;
                image::Rgb([value as u8, (x % 251) as u8, (y % 241) as u8])
            });
            let path = workspace.path(&format!("data/class{class}/{number}.bmp"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            picture.save(path).unwrap();
        }
    }
    workspace
}

#[test]
fn decoded_images_are_kept_by_their_contents() {
    let workspace = photographs();
    let train = "train data --epochs 1 --threads 1";
    let cached = "the images are in the cache";
    let kept = || match workspace.path("no-cache/decoded").exists() {
        true => workspace.names("no-cache/decoded").len(),
        false => 0,
    };
    workspace.text(&format!("{train} --no-cache --out none"));
    assert_eq!(kept(), 0);
    let text = workspace.text(&format!("{train} --out first"));
    assert!(!text.contains(cached), "{text}");
    assert_eq!(kept(), 1);
    // Other names, the same contents.
    fs::rename(
        workspace.path("data/class0"),
        workspace.path("data/class00"),
    )
    .unwrap();
    let text = workspace.text(&format!("{train} --out second"));
    assert!(
        text.contains(cached) && text.contains("resized 4 of 4 images"),
        "{text}"
    );
    let model = |run: &str| {
        workspace.json(&format!(
            "evaluate --dataset data --weights {run} --no-cache"
        ))["weights_sha256"]
            .clone()
    };
    assert_eq!(
        model("second"),
        workspace.json(&format!("{train} --no-cache --out third"))["weights_sha256"]
    );
    // Another size, and another content, are decoded.
    assert!(
        !workspace
            .text(&format!("{train} --size 20 --out size"))
            .contains(cached)
    );
    assert_eq!(kept(), 2);
    let picture = read(workspace.path("data/class1/1.bmp"));
    workspace.write("data/class1/0.bmp", picture);
    assert!(
        !workspace
            .text(&format!("{train} --out other"))
            .contains(cached)
    );
    assert_eq!(kept(), 3);
    // What is damaged is made anew.
    for name in workspace.names("no-cache/decoded") {
        workspace.write(&format!("no-cache/decoded/{name}"), "damaged");
    }
    assert!(
        !workspace
            .text(&format!("{train} --out mended"))
            .contains(cached)
    );
    assert!(
        workspace
            .text(&format!("{train} --out found"))
            .contains(cached)
    );
}
