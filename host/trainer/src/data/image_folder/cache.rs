//! Decoded images, kept between runs by the contents of their files.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `KILNDEC` and the version of the format |
//! | 4 | CRC-32 of all bytes behind it |
//! | 20 | channels, rows, columns, images, and how many of those have colour, little-endian `u32` |
//! | 8 each | width and height of each image as it was encoded |
//! | … | the pixels |
//!
//! A file's name is the SHA-256 of what it was made of. One that is not sound is made anew; one that cannot be
//! written is not missed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use indicatif::ProgressBar;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::decode;
use super::scan::ImageFile;
use crate::data::decoded::Decoded;
use crate::data::images::MAX_BYTES;
use crate::data::open_image::Size;
use crate::data::samples::zeroed;
use crate::data::{DataError, ImageShape, Options};
use crate::plain_file;
use crate::whole_file::{persist, staged_file};

const MAGIC: [u8; 8] = *b"KILNDEC1";
/// Less than this is decoded as fast as it is looked up.
const WORTH: u64 = 4 << 20;
/// Bytes that the cache may take; the files that were used least recently go first.
const BOUND: u64 = 2 << 30;
/// Bytes hashed at once.
const BLOCK: usize = 1 << 16;
/// What the names of its files end in.
const ENDING: &str = "decoded";

/// As [`decode::decode`], or the same from the cache in `folder`; says whether it is from there.
pub(super) fn decoded(
    images: &[ImageFile],
    options: &Options,
    folder: Option<&Path>,
    bar: &ProgressBar,
) -> Result<(Decoded, bool), DataError> {
    let folder = folder.filter(|_| !options.no_cache && is_worth_it(images));
    let path = folder.and_then(|folder| {
        let key = key(images, options).ok()?;
        Some(folder.join(key).with_extension(ENDING))
    });
    if let Some(found) = path.as_deref().and_then(|path| read(path, images.len())) {
        return Ok((found, true));
    }
    let decoded = decode::decode(images, options, bar)?;
    if let Some(path) = path {
        // The next run decodes again.
        let _ = keep(&path, &decoded);
    }
    Ok((decoded, false))
}

fn is_worth_it(images: &[ImageFile]) -> bool {
    let length = |image: &ImageFile| fs::metadata(&image.path).map_or(0, |data| data.len());
    images.par_iter().map(length).sum::<u64>() >= WORTH
}

/// What the decoded images follow from: the contents of their files, in order, and what they are brought to.
fn key(images: &[ImageFile], options: &Options) -> io::Result<String> {
    let digests: Vec<[u8; 32]> = images
        .par_iter()
        .map(|image| digest(&image.path))
        .collect::<io::Result<_>>()?;
    let mut hash = Sha256::new();
    hash.update(MAGIC);
    hash.update(format!("{:?} {:?}", options.shape, options.size));
    digests.iter().for_each(|digest| hash.update(digest));
    Ok(hex::encode(hash.finalize()))
}

/// SHA-256 of a file, which is read a block at a time.
fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = plain_file::open(path)?.take(MAX_BYTES);
    let (mut hash, mut block) = (Sha256::new(), vec![0; BLOCK]);
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hash.finalize().into()),
            length => hash.update(&block[..length]),
        }
    }
}

/// The images in a file of the cache, if it is there and sound.
fn read(path: &Path, images: usize) -> Option<Decoded> {
    let mut file = plain_file::open(path).ok()?;
    let mut head = [0; 32];
    file.read_exact(&mut head).ok()?;
    let (magic, rest) = head.split_first_chunk::<8>()?;
    let (checksum, numbers) = rest.split_first_chunk::<4>()?;
    let numbers: Vec<u32> = numbers
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| u32::from_le_bytes(*bytes))
        .collect();
    let [channels, height, width, count, colour] = numbers[..] else {
        return None;
    };
    if *magic != MAGIC || count as usize != images {
        return None;
    }
    let shape = ImageShape {
        channels: channels as usize,
        height: height as usize,
        width: width as usize,
    };
    let mut pixels = zeroed(images, shape).ok()?;
    let mut sizes = vec![0; 8 * images];
    file.read_exact(&mut sizes).ok()?;
    file.read_exact(&mut pixels).ok()?;
    let mut crc = crc32fast::Hasher::new();
    [&head[12..], &sizes, &pixels]
        .into_iter()
        .for_each(|bytes| crc.update(bytes));
    if crc.finalize() != u32::from_le_bytes(*checksum) {
        return None;
    }
    // What was used last is kept longest.
    let _ = File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(SystemTime::now()));
    let size = |bytes: &[u8; 8]| -> Size {
        let number = u64::from_le_bytes(*bytes);
        (number as u32, (number >> 32) as u32)
    };
    Some(Decoded {
        pixels,
        shape,
        sizes: sizes.as_chunks::<8>().0.iter().map(size).collect(),
        colour: colour as usize,
    })
}

/// Writes the images to a file of the cache, and removes what makes that too large.
fn keep(path: &Path, decoded: &Decoded) -> io::Result<()> {
    let Decoded {
        pixels,
        shape,
        sizes,
        colour,
    } = decoded;
    let length = (32 + 8 * sizes.len() + pixels.len()) as u64;
    let Some(folder) = path.parent().filter(|_| length <= BOUND) else {
        return Ok(());
    };
    fs::create_dir_all(folder)?;
    let numbers = [
        shape.channels,
        shape.height,
        shape.width,
        sizes.len(),
        *colour,
    ];
    let numbers: Vec<u8> = numbers
        .iter()
        .flat_map(|number| (*number as u32).to_le_bytes())
        .collect();
    let sizes: Vec<u8> = sizes
        .iter()
        .flat_map(|(width, height)| [width.to_le_bytes(), height.to_le_bytes()].concat())
        .collect();
    let parts = [&numbers, &sizes, pixels];
    let mut crc = crc32fast::Hasher::new();
    parts.iter().for_each(|bytes| crc.update(bytes));
    make_room(folder, length)?;
    let file = staged_file(folder)?;
    let mut writer = BufWriter::new(file.as_file());
    writer.write_all(&MAGIC)?;
    writer.write_all(&crc.finalize().to_le_bytes())?;
    parts.iter().try_for_each(|bytes| writer.write_all(bytes))?;
    writer.flush()?;
    drop(writer);
    persist(file, path)
}

/// Removes the files that were used least recently until so many bytes more are within the bound.
fn make_room(folder: &Path, length: u64) -> io::Result<()> {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            let data = fs::metadata(&path)?;
            files.push((data.modified()?, data.len(), path));
        }
    }
    files.sort();
    let mut all = length + files.iter().map(|(_, length, _)| length).sum::<u64>();
    for (_, length, path) in files {
        if all <= BOUND {
            break;
        }
        fs::remove_file(path)?;
        all -= length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded() -> Decoded {
        Decoded {
            pixels: (0..36).collect(),
            shape: ImageShape {
                channels: 3,
                height: 2,
                width: 3,
            },
            sizes: vec![(640, 480), (7, 9)],
            colour: 1,
        }
    }

    #[test]
    fn what_is_kept_is_found_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/one.decoded");
        keep(&path, &decoded()).unwrap();
        let found = read(&path, 2).unwrap();
        assert_eq!(format!("{found:?}"), format!("{:?}", decoded()));
        assert!(read(&path, 3).is_none());
        let bytes = plain_file::read(&path, WORTH).unwrap();
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert!(read(&path, 2).is_none(), "{index}");
        }
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(read(&path, 2).is_none());
    }

    #[test]
    fn the_oldest_make_room() {
        let folder = tempfile::tempdir().unwrap();
        for (name, age) in [("new", 10), ("old", 1000)] {
            let file = File::create(folder.path().join(name).with_extension(ENDING)).unwrap();
            file.set_len(BOUND / 4).unwrap();
            let age = std::time::Duration::from_secs(age);
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        File::create(folder.path().join("other")).unwrap();
        make_room(folder.path(), BOUND / 2).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        make_room(folder.path(), BOUND / 2 + 1).unwrap();
        assert!(folder.path().join("new.decoded").exists());
        assert!(!folder.path().join("old.decoded").exists());
        assert!(folder.path().join("other").exists());
    }
}
