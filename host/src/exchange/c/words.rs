//! A model's words.

use super::CExportError;
use crate::model::AnyModel;
use kiln_core::{
    ArrangedNetwork, Int8ModelFile, Int8Target, MAX_INPUT_CHANNELS, ModelFile, Program, Purpose,
    StoredFloat, StoredInt8,
};

/// A model as words, for whichever processor its C is compiled.
pub(super) struct StoredWords {
    /// For any.
    pub portable: ProcessorWords,
    /// For one with the DSP extension and a floating-point unit, where that is another.
    pub dsp: Option<ProcessorWords>,
    /// What runs it, and what the kernels' names begin with.
    pub runner: &'static str,
    /// Bytes of memory that it needs.
    pub memory: usize,
}

/// A model for one kind of processors.
pub(super) struct ProcessorWords {
    pub words: Vec<u32>,
    /// Names of the kernels of its steps.
    pub kernels: Vec<&'static str>,
}

impl StoredWords {
    pub fn of(model: &AnyModel<'_>) -> Result<Self, CExportError> {
        match model {
            AnyModel::Float(model) => float(model),
            AnyModel::Int8(model) => int8(model),
        }
    }
}

fn float(model: &ModelFile<'_>) -> Result<StoredWords, CExportError> {
    let mut program: Box<Program> = Box::new(Program::EMPTY);
    program.plan(model.network(), Purpose::Inference)?;
    let stored = StoredFloat {
        program: &*program,
        scaling: model.scaling(),
        parameters: model.parameters(),
    };
    let mut words = vec![0; stored.words()?];
    stored.write(&mut words)?;
    Ok(StoredWords {
        portable: ProcessorWords {
            words,
            kernels: program.kernel_names().collect(),
        },
        dsp: None,
        runner: "kiln_float",
        memory: size_of::<f32>() * program.arena_packets(),
    })
}

fn int8(model: &Int8ModelFile<'_>) -> Result<StoredWords, CExportError> {
    let quantized = model.quantized();
    let mut program: Box<Program> = Box::new(Program::EMPTY);
    program.plan(model.network(), Purpose::Int8(quantized.rule()))?;
    let channels = model.network().input_shape().channels as usize;
    if channels != model.scaling().channels() {
        let most = MAX_INPUT_CHANNELS;
        return Err(CExportError::Channels { channels, most });
    }
    let words = |target| -> Result<ProcessorWords, CExportError> {
        let mut arranged = vec![0; program.arranged_int8_words(&quantized, target)?];
        program.arrange_int8(&quantized, target, &mut arranged)?;
        let stored = StoredInt8 {
            program: &*program,
            scaling: model.scaling(),
            network: ArrangedNetwork {
                rule: quantized.rule(),
                values: quantized.values(),
                words: &arranged,
            },
            target,
        };
        let mut words = vec![0; stored.words()?];
        stored.write(&mut words)?;
        let kernels = program.int8_kernel_names(&quantized, target)?.collect();
        Ok(ProcessorWords { words, kernels })
    };
    Ok(StoredWords {
        portable: words(Int8Target::Portable)?,
        dsp: Some(words(Int8Target::CortexMDsp)?),
        runner: "kiln_int8",
        memory: program.arena_packets().next_multiple_of(size_of::<u32>()),
    })
}
