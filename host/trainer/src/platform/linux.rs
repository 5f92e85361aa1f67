//! What Linux alone has: memory, as the files of `/proc` and of control groups tell.

use crate::plain_file;
use rustix::param::page_size;
use rustix::process::{Resource, getrlimit};
use std::path::Path;

/// Bytes that the machine, the process's group and its own limit leave.
pub fn free_memory() -> Option<u64> {
    let machine = field("/proc/meminfo", "MemAvailable:").map(|kibibytes| kibibytes * 1024);
    let own = getrlimit(Resource::As).current;
    let own = own.map(|limit| limit.saturating_sub(pages(0)));
    [machine, group(), own].into_iter().flatten().min()
}

/// Bytes that the process has taken and used.
pub fn taken_memory() -> u64 {
    pages(1)
}

/// What a control group may still take; files that it has read give way.
fn group() -> Option<u64> {
    let number = |name: &str| text(&format!("/sys/fs/cgroup/{name}"))?.trim().parse().ok();
    let (most, taken): (u64, u64) = (number("memory.max")?, number("memory.current")?);
    let files = field("/sys/fs/cgroup/memory.stat", "file ").unwrap_or(0);
    Some(most.saturating_sub(taken.saturating_sub(files)))
}

/// A number of bytes of the process: 0 is all it may touch, 1 what it has touched.
fn pages(index: usize) -> u64 {
    let text = text("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(index);
    // Pages of an Arm machine may have 16 or 64 KiB.
    let size = page_size() as u64;
    pages.map_or(0, |pages| pages.parse().unwrap_or(0) * size)
}

fn field(path: &str, name: &str) -> Option<u64> {
    let text = text(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn text(path: &str) -> Option<String> {
    plain_file::read_text(Path::new(path)).ok()
}
