//! A model's words.

use super::{CExportError, CTraining, learning_words};
use crate::model::AnyModel;
use kiln_core::{
    ArrangedNetwork, Int8Kernels, Int8ModelFile, Int8Target, MAX_INPUT_CHANNELS, ModelFile,
    Network, Program, Purpose, QuantizedNetwork, Scaling, StoredFloat, StoredInt8,
};

/// A model as words, for whichever processor its C is compiled.
pub(super) struct StoredWords {
    /// For any.
    pub portable: ProcessorWords,
    /// For one with the DSP extension and a floating-point unit, where that is another.
    pub dsp: Option<ProcessorWords>,
    /// What runs it.
    pub runner: &'static str,
    /// Bytes of memory that it needs.
    pub memory: usize,
    /// Bytes of what it has learned, where it learns.
    pub saved: Option<usize>,
}

/// A model for one kind of processors.
pub(super) struct ProcessorWords {
    pub words: Vec<u32>,
    /// The library's names of the kernels of its steps; nothing where a step has none.
    pub kernels: Vec<Option<String>>,
}

impl StoredWords {
    pub fn of(model: &AnyModel<'_>, training: Option<&CTraining>) -> Result<Self, CExportError> {
        match (model, training) {
            (AnyModel::Float(model), None) => float(model),
            (AnyModel::Int8(model), None) => int8(model),
            (AnyModel::Float(model), Some(training)) => learning_words::float(model, training),
            (AnyModel::Int8(model), Some(training)) => learning_words::int8(model, training),
        }
    }
}

/// The library's names of kernels of floats.
pub(super) fn float_symbols<'n>(
    names: impl Iterator<Item = Option<&'n str>>,
) -> impl Iterator<Item = Option<String>> {
    names.map(|name| Some(format!("kiln_float_{}", name?)))
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
            kernels: float_symbols(program.kernel_names().map(Some)).collect(),
        },
        dsp: None,
        runner: "kiln_float",
        memory: size_of::<f32>() * program.arena_packets(),
        saved: None,
    })
}

fn int8(model: &Int8ModelFile<'_>) -> Result<StoredWords, CExportError> {
    let own = IntegerWords::of(model.network(), &model.quantized(), model.scaling())?;
    Ok(StoredWords {
        portable: own.portable,
        dsp: Some(own.dsp),
        runner: "kiln_int8",
        memory: own.memory,
        saved: None,
    })
}

/// A network of integers, arranged for either kind of processors.
pub(super) struct IntegerWords {
    pub portable: ProcessorWords,
    pub dsp: ProcessorWords,
    /// Bytes of memory that it needs: whole words.
    pub memory: usize,
}

impl IntegerWords {
    pub fn of(
        network: &Network,
        quantized: &QuantizedNetwork<'_>,
        scaling: &Scaling,
    ) -> Result<Self, CExportError> {
        let mut program: Box<Program> = Box::new(Program::EMPTY);
        program.plan(network, Purpose::Int8(quantized.rule()))?;
        let channels = network.input_shape().channels as usize;
        if channels != scaling.channels() {
            let most = MAX_INPUT_CHANNELS;
            return Err(CExportError::Channels { channels, most });
        }
        let words = |target| -> Result<ProcessorWords, CExportError> {
            let mut arranged = vec![0; program.arranged_int8_words(quantized, target)?];
            program.arrange_int8(quantized, target, &mut arranged)?;
            let stored = StoredInt8 {
                program: &*program,
                scaling,
                network: ArrangedNetwork {
                    rule: quantized.rule(),
                    values: quantized.values(),
                    words: &arranged,
                    kernels: Int8Kernels::NONE,
                },
                target,
            };
            let mut words = vec![0; stored.words()?];
            stored.write(&mut words)?;
            let kernels = program.int8_kernel_names(quantized, target)?;
            let kernels = kernels.map(|name| Some(format!("kiln_int8_{name}")));
            Ok(ProcessorWords {
                words,
                kernels: kernels.collect(),
            })
        };
        Ok(Self {
            portable: words(Int8Target::Portable)?,
            dsp: words(Int8Target::CortexMDsp)?,
            memory: program.arena_packets().next_multiple_of(size_of::<u32>()),
        })
    }
}
