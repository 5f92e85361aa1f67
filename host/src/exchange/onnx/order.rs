//! Which nodes a graph's output needs, in an order in which each finds what it reads.

use super::error::{Fault, OnnxError};
use super::message::{Graph, Node};
use super::node::described;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// The nodes on the way to the output.
#[derive(Debug)]
pub struct NodeOrder<'m> {
    /// Name of the output.
    pub output: &'m str,
    /// The nodes that it needs, in the file's order as far as that one is possible.
    pub nodes: Vec<&'m Node>,
}

/// The node that gives a value, by the value's name.
type Givers<'m> = HashMap<&'m str, usize>;

impl<'m> NodeOrder<'m> {
    /// Walks from the output backwards, so that nodes nobody reads are left out.
    pub fn of(graph: &'m Graph) -> Result<Self, OnnxError> {
        let givers = givers(graph)?;
        let output = output(graph, &givers)?;
        let mut needed = vec![false; graph.nodes.len()];
        let mut open: Vec<usize> = givers.get(output).copied().into_iter().collect();
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut needed[index], true) {
                open.extend(read_by(&graph.nodes[index], &givers));
            }
        }
        let nodes = sorted(&graph.nodes, &needed, &givers)?;
        Ok(Self { output, nodes })
    }
}

/// The nodes that give what a node reads.
fn read_by<'a>(node: &'a Node, givers: &'a Givers<'_>) -> impl Iterator<Item = usize> + 'a {
    let names = node.inputs.iter().map(String::as_str);
    names.filter_map(|name| givers.get(name).copied())
}

/// Refuses a name that is given twice: which of the two is meant nobody can tell.
fn givers(graph: &Graph) -> Result<Givers<'_>, OnnxError> {
    let twice = |name: &str| OnnxError::GivenTwice { name: name.into() };
    let mut names = HashSet::new();
    for tensor in &graph.tensors {
        if !names.insert(tensor.name.as_str()) {
            return Err(twice(&tensor.name));
        }
    }
    // Files of before 2019 list initializers among the inputs, too.
    let mut inputs = HashSet::new();
    for input in &graph.inputs {
        if !inputs.insert(input.name.as_str()) {
            return Err(twice(&input.name));
        }
    }
    names.extend(inputs);
    let mut givers = Givers::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            if !names.insert(name) {
                return Err(twice(name));
            }
            givers.insert(name, index);
        }
    }
    Ok(givers)
}

/// Operators that tell a class of what they read.
const TELLING: [&str; 5] = ["Softmax", "LogSoftmax", "Sigmoid", "ArgMax", "TopK"];
/// Those of them that leave no logits.
const CHOOSING: [&str; 2] = ["ArgMax", "TopK"];
/// Operators that give what they read by other axes or in another width.
const PASSING: [&str; 6] = [
    "Identity",
    "Cast",
    "Flatten",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
];

/// The output that the classes' logits or probabilities are, of several that tell the same.
fn output<'m>(graph: &'m Graph, givers: &Givers<'m>) -> Result<&'m str, OnnxError> {
    let names: Vec<&'m str> = graph.outputs.iter().map(|it| it.name.as_str()).collect();
    let chains: Vec<Vec<&'m str>> = names
        .iter()
        .map(|name| chain(graph, givers, name))
        .collect();
    let several = || OnnxError::Several {
        what: "outputs",
        found: names.len(),
        names: super::input::names(names.iter().copied()),
    };
    let root = chains.first().and_then(|chain| chain.last());
    if root.is_none() || chains.iter().any(|chain| chain.last() != root) {
        return Err(several());
    }
    // The one with the least behind its logits; where all have chosen a class, what they chose from.
    let plain = chains.iter().min_by_key(|chain| chain.len());
    let output = match plain.map_or(&[][..], Vec::as_slice) {
        [output, ..] => *output,
        [] => return Err(several()),
    };
    match givers.contains_key(output) {
        true => Ok(output),
        false if graph.inputs.iter().any(|input| input.name == output) => Err(OnnxError::NoLayers),
        false => Err(OnnxError::Output {
            name: output.into(),
        }),
    }
}

/// An output and the values that it is told of, back to what the first of such operators reads; without
/// what leads from logits to a chosen class.
fn chain<'m>(graph: &'m Graph, givers: &Givers<'m>, name: &'m str) -> Vec<&'m str> {
    let (mut chain, mut told) = (vec![name], 1);
    for _ in 0..graph.nodes.len() {
        let giver = chain.last().and_then(|last| givers.get(last));
        let Some(node) = giver.map(|&index| &graph.nodes[index]) else {
            break;
        };
        let operator = node.operator.as_str();
        let is_telling = TELLING.contains(&operator);
        let Some(first) = node.inputs.first() else {
            break;
        };
        if !is_telling && !PASSING.contains(&operator) {
            break;
        }
        if CHOOSING.contains(&operator) {
            chain.clear();
        }
        chain.push(first);
        if is_telling {
            told = chain.len();
        }
    }
    chain.truncate(told);
    chain
}

/// The needed nodes, each behind those that it reads; of several that could be next, the one that
/// is first in the file.
fn sorted<'m>(
    nodes: &'m [Node],
    needed: &[bool],
    givers: &Givers<'_>,
) -> Result<Vec<&'m Node>, OnnxError> {
    let mut waits = vec![0_usize; nodes.len()];
    let mut readers = vec![Vec::new(); nodes.len()];
    for index in (0..nodes.len()).filter(|&index| needed[index]) {
        for giver in read_by(&nodes[index], givers) {
            waits[index] += 1;
            readers[giver].push(index);
        }
    }
    let free = (0..nodes.len()).filter(|&index| needed[index] && waits[index] == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = free.map(Reverse).collect();
    let mut order = Vec::new();
    while let Some(Reverse(index)) = ready.pop() {
        order.push(&nodes[index]);
        for &reader in &readers[index] {
            waits[reader] -= 1;
            if waits[reader] == 0 {
                ready.push(Reverse(reader));
            }
        }
    }
    match (0..nodes.len()).find(|&index| needed[index] && waits[index] > 0) {
        Some(index) => Err(OnnxError::Node {
            node: described(&nodes[index]),
            fault: Fault::Circle,
        }),
        None => Ok(order),
    }
}
