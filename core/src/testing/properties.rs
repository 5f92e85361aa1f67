//! Properties that are held by drawn cases, all by one runner: proptest's own macro compiles its runner anew
//! for every property, which took a twentieth of what core's tests take to compile.

extern crate std;

use core::fmt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use std::boxed::Box;

/// Tests that hold for drawn values, written as those of `proptest!`.
macro_rules! properties {
    (
        #![proptest_config($config:expr)]
        $($(#[$meta:meta])* fn $name:ident($($value:pat in $strategy:expr),+ $(,)?) $body:block)+
    ) => {
        $(
            $(#[$meta])*
            fn $name() {
                let mut config: ProptestConfig = $config;
                config.source_file = Some(file!());
                config.test_name = Some(concat!(module_path!(), "::", stringify!($name)));
                let cases = ($($strategy,)+).prop_map(|values| {
                    $crate::testing::properties::case(
                        stringify!($($value),+),
                        values,
                        |($($value,)+)| {
                            $body;
                            Ok(())
                        },
                    )
                });
                $crate::testing::properties::hold(config, cases.boxed());
            }
        )+
    };
    ($($properties:tt)+) => {
        $crate::testing::properties! {
            #![proptest_config(ProptestConfig::default())]
            $($properties)+
        }
    };
}

pub(crate) use properties;

/// Values that a property is to hold for.
pub trait Case: fmt::Debug {
    /// Whether it does.
    fn check(self: Box<Self>) -> TestCaseResult;
}

/// A case of values that are shown, behind their names, where the property does not hold for them.
pub fn case<V: fmt::Debug + 'static>(
    names: &'static str,
    values: V,
    property: fn(V) -> TestCaseResult,
) -> Box<dyn Case> {
    Box::new(Drawn {
        names,
        values,
        property,
    })
}

/// Draws cases and checks them, and reduces one that fails.
///
/// # Panics
///
/// With the least case that fails.
pub fn hold(config: Config, cases: BoxedStrategy<Box<dyn Case>>) {
    if let Err(error) = TestRunner::new(config).run(&cases, |case| case.check()) {
        panic!("{error}");
    }
}

struct Drawn<V> {
    names: &'static str,
    values: V,
    property: fn(V) -> TestCaseResult,
}

impl<V: fmt::Debug> Case for Drawn<V> {
    fn check(self: Box<Self>) -> TestCaseResult {
        let Self {
            values, property, ..
        } = *self;
        property(values)
    }
}

impl<V: fmt::Debug> fmt::Debug for Drawn<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.names, self.values)
    }
}
