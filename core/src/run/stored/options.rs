//! The options of an operation as words.

use crate::ops::activation::Activation;
use crate::{Conv2d, Linear, Operation, Padding, Pool2d};

/// An operation's options, whichever it is.
pub(super) struct StepOptions {
    pub kind: u32,
    /// Activation in the lowest two bits, then pool, bias, `ceil_mode`, `count_include_pad`.
    pub flags: u32,
    pub kernel: [u16; 2],
    pub stride: [u16; 2],
    pub padding: Padding,
    pub dilation: [u16; 2],
    pub groups: u16,
    pub outputs: u16,
}

const POOL: u32 = 4;
const BIAS: u32 = 8;
const CEIL_MODE: u32 = 16;
const COUNT_INCLUDE_PAD: u32 = 32;

impl StepOptions {
    pub fn of(operation: &Operation) -> Self {
        let activation = match operation.activation() {
            Activation::Identity => 0,
            Activation::Relu => 1,
            Activation::Relu6 => 2,
        };
        let mut own = Self {
            kind: 0,
            flags: activation,
            kernel: [1; 2],
            stride: [1; 2],
            padding: Padding::NONE,
            dilation: [1; 2],
            groups: 1,
            outputs: 0,
        };
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        match *operation {
            Operation::Conv2d { conv, pool, .. } => {
                own.flags |= flag(pool, POOL) | flag(conv.bias, BIAS);
                own.kernel = conv.kernel;
                own.stride = conv.stride;
                own.padding = conv.padding;
                own.dilation = conv.dilation;
                own.groups = conv.groups;
                own.outputs = conv.filters;
            }
            Operation::MaxPool2d(pool) | Operation::AvgPool2d(pool) => {
                own.kind = if matches!(operation, Operation::MaxPool2d(_)) {
                    1
                } else {
                    2
                };
                own.flags |= flag(pool.ceil_mode, CEIL_MODE);
                own.flags |= flag(pool.count_include_pad, COUNT_INCLUDE_PAD);
                own.kernel = pool.window;
                own.stride = pool.stride;
                own.padding = pool.padding;
            }
            Operation::Linear { linear, .. } => {
                own.kind = 3;
                own.flags |= flag(linear.bias, BIAS);
                own.outputs = linear.outputs;
            }
            Operation::Add { .. } => own.kind = 4,
            Operation::ScaleShift { .. } => own.kind = 5,
            Operation::Activation(_) => own.kind = 6,
            // No part of an inference.
            Operation::BatchNorm { .. } | Operation::Dropout(_) => own.kind = u32::MAX,
        }
        own
    }

    pub fn operation(&self) -> Option<Operation> {
        let activation = match self.flags & 3 {
            0 => Activation::Identity,
            1 => Activation::Relu,
            2 => Activation::Relu6,
            _ => return None,
        };
        let has = |flag| self.flags & flag != 0;
        let pool = Pool2d {
            window: self.kernel,
            stride: self.stride,
            padding: self.padding,
            ceil_mode: has(CEIL_MODE),
            count_include_pad: has(COUNT_INCLUDE_PAD),
        };
        let conv = Conv2d {
            filters: self.outputs,
            kernel: self.kernel,
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
            groups: self.groups,
            bias: has(BIAS),
        };
        let linear = Linear {
            outputs: self.outputs,
            bias: has(BIAS),
        };
        Some(match self.kind {
            0 => Operation::Conv2d {
                conv,
                activation,
                pool: has(POOL),
            },
            1 => Operation::MaxPool2d(pool),
            2 => Operation::AvgPool2d(pool),
            3 => Operation::Linear { linear, activation },
            4 => Operation::Add { activation },
            5 => Operation::ScaleShift { activation },
            6 => Operation::Activation(activation),
            _ => return None,
        })
    }
}
