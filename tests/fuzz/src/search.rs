//! The search of one target.

use crate::arguments::{FuzzArguments, SearchEnd};
use crate::measured::{self, MOST_TIME, Verdict, measured};
use crate::mutate::{Chance, mutate};
use crate::protobuf;
use crate::targets::{Grammar, Target};
use crate::text;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Inputs that a search keeps to change further.
const KEPT: usize = 2_000;
/// Kinds that are told apart, of inputs accepted and of those refused, so that hours take no more memory.
const KINDS: usize = 10_000;
/// What those beyond are counted as.
const OTHERS: &str = "(others)";
/// Kinds of refusals that are told.
const TOLD: usize = 8;

/// Where a target's inputs are kept.
pub fn folder(target: &Target) -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    top.join("target/fuzz").join(target.name)
}

/// Searches a target, and says whether nothing failed.
pub fn run(target: &'static Target, arguments: &FuzzArguments) -> bool {
    measured::catch_words();
    let mut current = match CurrentInput::new(target) {
        Ok(current) => current,
        Err(error) => {
            println!("{}: cannot keep inputs: {error}", target.name);
            return false;
        }
    };
    let mut search = Search::new(target, arguments.seed);
    let start = Instant::now();
    let mut count = 0;
    loop {
        let is_over = match arguments.end {
            SearchEnd::Time(time) => start.elapsed() >= time,
            SearchEnd::Inputs(inputs) => count >= inputs,
        };
        if is_over {
            println!("{}", search.report(count));
            return true;
        }
        let input = search.next();
        if let Err(error) = current.begin(&input) {
            println!("{}: cannot keep an input: {error}", target.name);
            return false;
        }
        let result = measured(target, &input);
        current.end();
        match result {
            Ok(verdict) => search.take(input, &verdict),
            Err(words) => {
                let kept = current.keep();
                println!("{}: input {count}: {words}; kept as {kept}", target.name);
                return false;
            }
        }
        count += 1;
    }
}

/// Tries one input, and says whether it did not fail.
pub fn replay(target: &Target, path: &Path) -> bool {
    let result = match fs::read(path) {
        Ok(input) => measured(target, &input),
        Err(error) => Err(error.to_string()),
    };
    println!("{}: {result:?}", path.display());
    result.is_ok()
}

/// What is known of a target so far.
struct Search {
    target: &'static Target,
    chance: Chance,
    /// Those of the corpus that were not tried yet.
    untried: Vec<Vec<u8>>,
    kept: Vec<Vec<u8>>,
    /// Bytes of the longest input to keep: long ones take long, and change in what does not matter.
    longest: usize,
    accepted: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
}

impl Search {
    fn new(target: &'static Target, seed: u64) -> Self {
        let corpus: Vec<Vec<u8>> = target.corpus().into_values().collect();
        Self {
            chance: Chance::new(seed ^ u64::from(crc32fast::hash(target.name.as_bytes())) << 32),
            longest: 2 * corpus.iter().map(Vec::len).max().unwrap_or(0),
            untried: corpus.clone(),
            kept: corpus,
            target,
            accepted: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    fn next(&mut self) -> Vec<u8> {
        if let Some(input) = self.untried.pop() {
            return input;
        }
        let chance = &mut self.chance;
        let mut input = self.kept[chance.below(self.kept.len())].clone();
        let other = &self.kept[chance.below(self.kept.len())];
        match self.target.grammar {
            Grammar::Protobuf if chance.once_in(2) => protobuf::mutate(&mut input, chance),
            Grammar::Text if !chance.once_in(4) => text::mutate(&mut input, other, chance),
            _ => mutate(&mut input, other, chance),
        }
        if !chance.once_in(8) {
            (self.target.mend)(&mut input);
        }
        input
    }

    /// Keeps an input where its kind is new.
    fn take(&mut self, input: Vec<u8>, verdict: &Verdict) {
        let kinds = match verdict.accepted {
            true => &mut self.accepted,
            false => &mut self.refused,
        };
        let kind = verdict.kind();
        let is_told = kinds.contains_key(&kind) || kinds.len() < KINDS;
        let times = kinds.entry(if is_told { kind } else { OTHERS.into() });
        let times = times.or_default();
        *times += 1;
        if *times == 1 && self.kept.len() < KEPT && input.len() <= self.longest {
            self.kept.push(input);
        }
    }

    fn report(&self, count: u64) -> String {
        let sum = |kinds: &BTreeMap<String, u64>| kinds.values().sum::<u64>();
        let mut text = format!(
            "{}: {count} inputs, {} accepted of {} kinds, {} refused of {} kinds",
            self.target.name,
            sum(&self.accepted),
            self.accepted.len(),
            sum(&self.refused),
            self.refused.len()
        );
        let mut kinds: Vec<_> = self.refused.iter().collect();
        kinds.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
        for (kind, times) in kinds.into_iter().take(TOLD) {
            let shown: String = kind.chars().take(100).collect();
            text += &format!("\n{times:>9}  {}", shown.escape_debug());
        }
        text
    }
}

/// The input that is tried, in a file, so that it is there when the process is not.
struct CurrentInput {
    folder: PathBuf,
    file: File,
}

/// Milliseconds since the start at which the input began, plus one; 0 between inputs.
static BEGUN: AtomicU64 = AtomicU64::new(0);

impl CurrentInput {
    fn new(target: &Target) -> io::Result<Self> {
        let folder = folder(target);
        fs::create_dir_all(&folder)?;
        let file = File::create(folder.join(CURRENT))?;
        let start = Instant::now();
        let name = target.name;
        thread::spawn(move || watch(name, start));
        CLOCK.get_or_init(|| start);
        Ok(Self { folder, file })
    }

    fn begin(&mut self, input: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(input)?;
        self.file.set_len(input.len() as u64)?;
        let now = CLOCK.get().map_or(0, |start| start.elapsed().as_millis());
        BEGUN.store(now as u64 + 1, Ordering::SeqCst);
        Ok(())
    }

    fn end(&self) {
        BEGUN.store(0, Ordering::SeqCst);
    }

    /// Keeps the input under a name of its own.
    fn keep(&self) -> String {
        keep(&self.folder)
    }
}

/// The name of the file with the input that is tried.
const CURRENT: &str = "current";

static CLOCK: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();

/// Gives the input that a process was at a name that stays.
pub fn keep(folder: &Path) -> String {
    let input = fs::read(folder.join(CURRENT)).unwrap_or_default();
    let path = folder.join(format!("failed-{:08x}", crc32fast::hash(&input)));
    match fs::write(&path, input) {
        Ok(()) => path.display().to_string(),
        Err(error) => format!("{CURRENT}, since {error}"),
    }
}

/// Ends the process where an input takes much longer than it may, as in a loop without end.
fn watch(name: &str, start: Instant) {
    loop {
        thread::sleep(Duration::from_millis(250));
        let begun = BEGUN.load(Ordering::SeqCst);
        let now = start.elapsed().as_millis() as u64;
        if begun > 0 && now > begun + 2 * MOST_TIME.as_millis() as u64 {
            println!("{name}: it does not end");
            std::process::exit(HANGS);
        }
    }
}

/// The exit code of a process whose input does not end.
const HANGS: i32 = 3;
