//! What an engine takes of the host's memory.

use super::evaluator::target_packets;
use super::single::{single_lens, single_program};
use super::typed::ROUND;
use super::update::longest_span;
use super::{EngineError, EngineOptions};
use crate::memory_limit;
use kiln_core::{
    BufferError, Folding, GROUP, LaneWidth, Network, Outcome, Program, ProgramError, Purpose,
};

/// Bytes that [`Engine::new`](super::Engine::new) takes: parameters and velocity, the groups of
/// a batch, and the working memory of every thread.
///
/// # Errors
///
/// If the network is not sound.
pub fn memory(network: &Network, options: &EngineOptions) -> Result<usize, ProgramError> {
    let training: Program = Program::try_of(network, Purpose::Group(options.loss))?;
    let folded = Folding::of(network).network();
    let inference: Program = Program::try_of(&folded, Purpose::Inference)?;
    let width = options.lanes.unwrap_or_else(LaneWidth::widest);
    let lanes = width.lanes();
    let single = single_program(&folded, width, options.evaluation)?;
    let arranged = single.as_ref().map_or(0, Program::arranged_packets);
    let [arena, output, target] = single_lens(single.as_ref(), options.loss);
    let groups = options.batch.div_ceil(GROUP);
    let threads = options.threads.max(1);
    let (workers, packets) = match training.phases() {
        1 => (threads.min(groups), 1),
        _ => (groups, GROUP.div_ceil(lanes)),
    };
    let evaluator = inference.arena_packets() + target_packets(&inference, options.loss) + arena;
    let worker = packets * training.working_bytes(1) + training.input_shape().elements();
    let is_folded = folded != *network;
    let values = 2 * training.parameters()
        + threads * longest_span(&training)
        + training.moment_values()
        + training.statistics()
        + options.class_weights.len()
        + usize::from(is_folded) * inference.parameters()
        + groups * training.group_values()
        + arranged * lanes
        + threads * (evaluator * lanes + output + target);
    let fake = options.fake_quantization.is_some();
    let values = values + usize::from(fake) * training.parameters();
    let passes = usize::from(fake) * training.fake_quantization_bytes();
    let pieces = ROUND * size_of::<Result<Outcome, BufferError>>();
    Ok(values * size_of::<f32>() + workers * (worker + passes) * lanes + pieces)
}

/// Whether an engine's memory, and the parameters that it is given, can be had.
///
/// # Errors
///
/// If not, or the network is not sound.
pub fn check_memory(network: &Network, options: &EngineOptions) -> Result<(), EngineError> {
    let parameters = network.parameters() * size_of::<f32>();
    let needed = memory(network, options)?.saturating_add(parameters);
    let threads = options.threads.max(1);
    let plural = if threads == 1 { "" } else { "s" };
    let purpose = format!("computing with this network on {threads} thread{plural}");
    Ok(memory_limit::check(needed, purpose)?)
}

#[cfg(test)]
mod tests {
    use super::super::typed::Typed;
    use super::*;
    use kiln_core::{BasicPacket, Lanes, Loss, Scaling};

    #[test]
    fn the_engine_takes_what_it_says() {
        let chain = Network::input(1, 12, 12).conv2d(3, 3).relu();
        let chain = chain.max_pool2d(2).linear(7).relu().linear(4);
        let normalised = Network::input(1, 12, 12).conv2d(3, 3).batch_norm().relu();
        let normalised = normalised.global_avg_pool2d().linear(4);
        let autoencoder = Network::input(1, 12, 12).linear(5).batch_norm().linear(144);
        let cases = [
            (&chain, Loss::CROSS_ENTROPY, None),
            (&chain, Loss::CROSS_ENTROPY, Some(vec![])),
            (&normalised, Loss::CROSS_ENTROPY, None),
            (&autoencoder, Loss::MeanSquaredError, None),
        ];
        let cases = cases.into_iter().flat_map(|case| {
            [(1, 40), (3, 40), (2, 3)].map(|(threads, batch)| (case.clone(), threads, batch))
        });
        for ((network, loss, fake_quantization), threads, batch) in cases {
            let options = EngineOptions {
                threads,
                lanes: Some(BasicPacket::WIDTH),
                batch,
                loss,
                fake_quantization,
                ..EngineOptions::default()
            };
            let parameters = vec![0.0; network.parameters()];
            let scaling = Scaling::uniform(1, 1.0, 0.0).unwrap();
            let typed =
                Typed::<BasicPacket, BasicPacket>::new(network, &scaling, parameters, &options);
            assert_eq!(memory(network, &options), Ok(typed.unwrap().bytes()));
        }
    }
}
