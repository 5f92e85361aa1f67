//! The words of a model that learns.

use super::words::{IntegerWords, ProcessorWords, StoredWords, float_symbols};
use super::{CExportError, CTraining};
use boards::SLOT_HEADER_BYTES;
use kiln_core::{
    CompactMode, Int8ModelFile, ModelFile, Network, NetworkCut, Program, Purpose, Scaling,
    StoredLearner, Trainable,
};

/// Of a model of floating-point numbers.
pub(super) fn float(
    model: &ModelFile<'_>,
    training: &CTraining,
) -> Result<StoredWords, CExportError> {
    let own = LearnerWords::of(model.network(), training.from)?;
    let (scaling, parameters) = (model.scaling(), model.parameters());
    Ok(StoredWords {
        portable: own.words(scaling, parameters, training, None)?,
        dsp: None,
        runner: "kiln_float_learning",
        memory: own.memory(),
        saved: Some(own.saved()),
    })
}

/// Of a model of integers, whose last layers learn in floating-point numbers, from those that their integers
/// stand for.
pub(super) fn int8(
    model: &Int8ModelFile<'_>,
    training: &CTraining,
) -> Result<StoredWords, CExportError> {
    let quantized = model.quantized();
    let cut = NetworkCut::before(model.network(), training.from)?;
    let trunk = IntegerWords::of(&cut.trunk, &cut.trunk_of(&quantized), model.scaling())?;
    let mut parameters = vec![0.0; cut.head.parameters()];
    cut.head_of(&quantized).dequantize(&mut parameters)?;
    // All of the head learns. Nothing is scaled: its input is what the trunk gives.
    let own = LearnerWords::of(&cut.head, 1)?;
    let plain = Scaling::uniform(1, 1.0, 0.0)?;
    Ok(StoredWords {
        portable: own.words(&plain, &parameters, training, Some(&trunk.portable))?,
        dsp: Some(own.words(&plain, &parameters, training, Some(&trunk.dsp))?),
        runner: "kiln_int8_learning",
        memory: own.memory() + trunk.memory,
        saved: Some(own.saved()),
    })
}

/// What learns, planned.
struct LearnerWords(Box<Program>);

impl LearnerWords {
    fn of(network: &Network, from: usize) -> Result<Self, CExportError> {
        let mut program: Box<Program> = Box::new(Program::EMPTY);
        let mode = CompactMode::in_place(Trainable::from_layer(from));
        program.plan(network, Purpose::Compact(mode))?;
        Ok(Self(program))
    }

    fn words(
        &self,
        scaling: &Scaling,
        parameters: &[f32],
        training: &CTraining,
        trunk: Option<&ProcessorWords>,
    ) -> Result<ProcessorWords, CExportError> {
        let program = &*self.0;
        let stored = StoredLearner {
            program,
            scaling,
            parameters,
            file_crc: training.file_crc,
            trunk: trunk.map_or(&[], |trunk| &trunk.words),
        };
        let mut words = vec![0; stored.words()?];
        stored.write(&mut words)?;
        let own = program.kernel_names().map(Some);
        let own = float_symbols(own.chain(program.gradient_kernel_names()));
        let trunk = trunk.map_or(&[][..], |trunk| &trunk.kernels);
        Ok(ProcessorWords {
            words,
            kernels: own.chain(trunk.iter().cloned()).collect(),
        })
    }

    /// Bytes of memory: parameters that learn, arena and winners, each in whole words.
    fn memory(&self) -> usize {
        let program = &self.0;
        let winners = program.winner_bytes().next_multiple_of(size_of::<u32>());
        size_of::<f32>() * (program.trained_values() + program.arena_packets()) + winners
    }

    fn saved(&self) -> usize {
        SLOT_HEADER_BYTES + size_of::<f32>() * self.0.trained_values()
    }
}
