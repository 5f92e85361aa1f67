//! What an engine takes of the host's memory.

use super::EngineOptions;
use super::typed::ROUND;
use kiln_core::{BufferError, GROUP, LaneWidth, Network, NetworkError, Outcome, Plan};

/// Bytes that [`Engine::new`](super::Engine::new) takes: parameters, gradient and velocity, the
/// groups of a batch, and the working memory of every thread.
///
/// # Errors
///
/// If the network is not sound.
pub fn memory(network: &Network, options: &EngineOptions) -> Result<usize, NetworkError> {
    let plan = Plan::try_of(network)?;
    let lanes = options.lanes.unwrap_or_else(LaneWidth::widest).lanes();
    let groups = options.batch.div_ceil(GROUP);
    let threads = options.threads.max(1);
    let input = plan.input_shape().elements();
    let worker = plan.training_packets() * size_of::<f32>() + plan.winner_bytes() + input;
    let evaluator = input + plan.inference_packets();
    let values = 3 * plan.parameters() + groups * plan.group_values() + threads * evaluator * lanes;
    let pieces = ROUND * size_of::<Result<Outcome, BufferError>>();
    Ok(values * size_of::<f32>() + threads.min(groups) * worker * lanes + pieces)
}

#[cfg(test)]
mod tests {
    use super::super::typed::Typed;
    use super::*;
    use kiln_core::{F32x4, Scaling, Trainable};

    #[test]
    fn the_engine_takes_what_it_says() {
        let network = Network::input(1, 12, 12).conv2d(3, 3).relu();
        let network = network.max_pool2d(2).linear(7).relu().linear(4);
        for (threads, batch) in [(1, 40), (3, 40), (2, 3)] {
            let options = EngineOptions {
                threads,
                lanes: Some(LaneWidth::X4),
                batch,
                trainable: Trainable::ALL,
            };
            let parameters = vec![0.0; network.parameters()];
            let scaling = Scaling::uniform(1, 1.0, 0.0).unwrap();
            let typed = Typed::<F32x4>::new(&network, &scaling, parameters, &options).unwrap();
            assert_eq!(memory(&network, &options), Ok(typed.bytes()));
        }
    }
}
