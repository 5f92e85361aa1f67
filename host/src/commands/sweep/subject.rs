//! What to train and where, new or to go on with.

use super::{Stage, SweepArguments, SweepBudget, SweepFolder, SweepPlan};

use crate::commands::arguments::source::SourceArguments;
use crate::data::{self, Dataset, ImageShape, TargetSize};
use crate::network_file::NetworkTables;
use crate::plain_file;
use crate::run::{SeparateData, ensure_trainable, lasting_name, new_folder, whole_path};
use crate::sweep::file::SweepFile;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::thread;

/// A sweep before it trains.
pub struct SweepSubject {
    pub plan: SweepPlan,
    pub folder: SweepFolder,
    pub budget: SweepBudget,
    /// What errors call it.
    pub name: String,
    resumed: bool,
}

impl SweepSubject {
    /// Reads and checks what was given.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, a combination, the budget or the folder.
    pub fn new(arguments: &SweepArguments) -> Result<Self> {
        match (&arguments.resume, &arguments.file) {
            (Some(folder), _) => Self::resume(arguments, folder),
            (None, Some(file)) => Self::start(arguments, file),
            (None, None) => anyhow::bail!("no sweep given; name a SWEEP.toml"),
        }
    }

    fn start(arguments: &SweepArguments, path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let text = plain_file::read_toml(path)
            .map_err(|cause| anyhow::anyhow!("{name}: cannot read it: {cause}"))?;
        let mut file = SweepFile::parse(&text).with_context(|| name.clone())?;
        file.training.arithmetic = arguments.arithmetic.or(file.training.arithmetic);
        let mut plan = SweepPlan::new(&file).with_context(|| name.clone())?;
        let budget =
            SweepBudget::new(&arguments.budget, &file.budget).with_context(|| name.clone())?;
        // The folder is to be gone on with from anywhere.
        plan.data = arguments.source.data.clone().or(plan.data);
        plan.data = plan.data.as_deref().map(whole_path);
        plan.dataset = lasting_name(&plan.dataset);
        plan.validation_data = plan.validation_data.as_deref().map(lasting_name);
        plan.test_data = plan.test_data.as_deref().map(lasting_name);
        let out = arguments.out.clone().unwrap_or_else(|| {
            let stem = path.file_stem().unwrap_or_default();
            new_folder(&format!("sweep-{}", stem.to_string_lossy()))
        });
        Ok(Self {
            plan,
            folder: SweepFolder::new(&out)?,
            budget,
            name,
            resumed: false,
        })
    }

    fn resume(arguments: &SweepArguments, path: &Path) -> Result<Self> {
        let (folder, mut plan) = SweepFolder::open(path)?;
        if let Some(data) = &arguments.source.data {
            plan.data = Some(whole_path(data));
        }
        Ok(Self {
            budget: SweepBudget::new(&arguments.budget, &plan.budget)?,
            folder,
            plan,
            name: format!("--resume {}", path.display()),
            resumed: true,
        })
    }

    /// Loads the dataset, its images brought to the networks' shape.
    ///
    /// # Errors
    ///
    /// What is wrong with the dataset, that the networks take images of several shapes, or that the
    /// samples are not those the sweep began with.
    pub fn load(&mut self, source: &SourceArguments) -> Result<Dataset> {
        let options = data::Options {
            data: self.plan.data.clone(),
            offline: source.offline,
            threads: thread::available_parallelism().map_or(1, usize::from),
            shape: self.shape()?,
            // As `kiln train` has it where nothing is said.
            size: TargetSize::Reduced,
            codes: None,
            skip_broken: source.skip_broken,
            no_cache: source.no_cache,
            progress: true,
        };
        let mut dataset = data::load(&self.plan.dataset, &options)?;
        ensure_trainable(&dataset, &self.plan.dataset)?;
        let separate = SeparateData {
            validation: self.plan.validation_data.clone(),
            test: self.plan.test_data.clone(),
        };
        separate.load(&mut dataset, &options, false)?;
        let found = dataset.sha256().to_owned();
        ensure!(
            !self.resumed || self.plan.fingerprint == found,
            "{}: {} has other samples than the sweep began with; give it those again, or start \
             another sweep",
            self.name,
            self.plan.dataset
        );
        self.plan.fingerprint = found;
        Ok(dataset)
    }

    /// Writes the plan of a new sweep.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn begin(&self) -> Result<()> {
        if !self.resumed {
            self.folder.begin(&self.plan)?;
        }
        Ok(())
    }

    /// Where each run stands.
    ///
    /// # Errors
    ///
    /// If a result cannot be read.
    pub fn stages(&self) -> Result<Vec<Stage>> {
        let runs = self.plan.runs.iter();
        let stages = runs.map(|run| self.folder.stage(&run.name));
        Ok(stages.collect::<Result<_, _>>()?)
    }

    /// The shape that all networks take; none where they have the dataset's.
    fn shape(&self) -> Result<Option<ImageShape>> {
        let networks = self.plan.runs.iter();
        let mut given = networks.filter_map(|run| Some((run, run.network.as_ref()?)));
        let Some((first, tables)) = given.next() else {
            return Ok(None);
        };
        let shape = |tables: &NetworkTables| ImageShape {
            channels: tables.input.channels as usize,
            height: tables.input.height as usize,
            width: tables.input.width as usize,
        };
        let other = given.find(|(_, other)| other.input != tables.input);
        if let Some((run, other)) = other {
            anyhow::bail!(
                "{}: {} takes images of {} and {} of {}; a sweep has one dataset in one shape",
                self.name,
                first.name,
                shape(tables),
                run.name,
                shape(other)
            );
        }
        Ok(Some(shape(tables)))
    }
}
