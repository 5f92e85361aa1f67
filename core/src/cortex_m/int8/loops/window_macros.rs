//! What loops of windows consist of, as text for the assembler.

/// Words at r0, each added to two registers: `offset: channels 0 and 2, channels 1 and 3, free`.
macro_rules! added {
    ($($at:literal: $even:literal $odd:literal $free:literal),+) => {
        concat!(
            $("ldr ", $free, ", [r0, #", $at, "]\n",
            "sxtab16 ", $even, ", ", $even, ", ", $free, "\n",
            "sxtab16 ", $odd, ", ", $odd, ", ", $free, ", ror #8\n",)+
        )
    };
}
