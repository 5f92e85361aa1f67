//! Outputs side by side of the loops that go through a list channel by channel, by their stride: code that the
//! list leads to, and nothing calls.

/// Says where the table of a stride's codes is, and has these codes behind it: `name; codes as numbers; code`.
macro_rules! lines_of_pass {
    ($name:ident; $table:expr; $($code:expr),+ $(,)?) => {
        // SAFETY: it only says where the table is; the code is what `pass_loops` jumps to, with what it has in
        // its registers.
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn $name() -> *const i16 {
            core::arch::naked_asm!(
                ".fpu fpv4-sp-d16",
                "adr.w r0, 50f",
                "bx lr",
                ".p2align 2",
                // As `PassCode::line` has them; odd, which says Thumb.
                "50:",
                $table,
                $($code,)+
            )
        }
    };
}

// Outputs whose inputs lie side by side.
lines_of_pass!(
    close;
    concat!(
        ".short 52f - 50b + 1, 53f - 50b + 1, 54f - 50b + 1\n",
        ".short 62f - 50b + 1, 63f - 50b + 1, 64f - 50b + 1\n",
        ".short 72f - 50b + 1, 73f - 50b + 1, 74f - 50b + 1\n",
        ".short 82f - 50b + 1, 83f - 50b + 1, 84f - 50b + 1\n",
    );
    rows_of_pass!("52"; 2; "s4-s5"; "s0-s1"; 16 20 24 28, 4 5 6 7),
    rows_of_pass!("53"; 3; "s4-s6"; "s0-s2"; 16 20 24 28, 4 5 6 7),
    rows_of_pass!("54"; 4; "s4-s7"; "s0-s3"; 16 20 24 28, 4 5 6 7),
    rows_of_pass!("62"; 2; "s4-s6"; "s0-s1";
        16 20 24 28, 4 5 6 7; 17 21 25 29, 5 6 7 8),
    rows_of_pass!("63"; 3; "s4-s7"; "s0-s2";
        16 20 24 28, 4 5 6 7; 17 21 25 29, 5 6 7 8),
    rows_of_pass!("64"; 4; "s4-s8"; "s0-s3";
        16 20 24 28, 4 5 6 7; 17 21 25 29, 5 6 7 8),
    rows_of_pass!("72"; 2; "s4-s7"; "s0-s1";
        16 20 24 28, 4 5 6 7; 17 21 25 29, 5 6 7 8;
        18 22 26 30, 6 7 8 9),
    rows_of_pass!("73"; 3; "s4-s8"; "s0-s2";
        16 20 24 28, 4 5 6 7; 17 21 25 29, 5 6 7 8;
        18 22 26 30, 6 7 8 9),
    rows_of_pass!("74"; 4; "s4-s9"; "s0-s3";
        16 20 24 28, 4 5 6 7; 17 21 25 29, 5 6 7 8;
        18 22 26 30, 6 7 8 9),
    rows_of_pass!("82"; 2; "s4-s8"; "s0-s1";
        16 20 24 28, 4 5 6 7; 17 21 25 29, 5 6 7 8;
        18 22 26 30, 6 7 8 9; 19 23 27 31, 7 8 9 10),
    rows_of_pass!("83"; 3; "s4-s9"; "s0-s2";
        16 20 24 28, 4 5 6 7; 17 21 25 29, 5 6 7 8;
        18 22 26 30, 6 7 8 9; 19 23 27 31, 7 8 9 10),
    rows_of_pass!("84"; 4; "s4-s10"; "s0-s3";
        16 20 24 28, 4 5 6 7; 17 21 25 29, 5 6 7 8;
        18 22 26 30, 6 7 8 9; 19 23 27 31, 7 8 9 10),
);

// Outputs whose inputs lie two apart.
lines_of_pass!(
    alternate;
    concat!(
        ".short 52f - 50b + 1, 53f - 50b + 1, 54f - 50b + 1\n",
        ".short 62f - 50b + 1, 63f - 50b + 1, 64f - 50b + 1\n",
        ".short 72f - 50b + 1, 73f - 50b + 1, 74f - 50b + 1\n",
        ".short 82f - 50b + 1, 83f - 50b + 1, 84f - 50b + 1\n",
    );
    rows_of_pass!("52"; 2; "s4-s6"; "s0-s1"; 16 20 24 28, 4 6 8 10),
    rows_of_pass!("53"; 3; "s4-s8"; "s0-s2"; 16 20 24 28, 4 6 8 10),
    rows_of_pass!("54"; 4; "s4-s10"; "s0-s3"; 16 20 24 28, 4 6 8 10),
    rows_of_pass!("62"; 2; "s4-s7"; "s0-s1";
        16 20 24 28, 4 6 8 10; 17 21 25 29, 5 7 9 11),
    rows_of_pass!("63"; 3; "s4-s9"; "s0-s2";
        16 20 24 28, 4 6 8 10; 17 21 25 29, 5 7 9 11),
    rows_of_pass!("64"; 4; "s4-s11"; "s0-s3";
        16 20 24 28, 4 6 8 10; 17 21 25 29, 5 7 9 11),
    rows_of_pass!("72"; 2; "s4-s8"; "s0-s1";
        16 20 24 28, 4 6 8 10; 17 21 25 29, 5 7 9 11;
        18 22 26 30, 6 8 10 12),
    rows_of_pass!("73"; 3; "s4-s10"; "s0-s2";
        16 20 24 28, 4 6 8 10; 17 21 25 29, 5 7 9 11;
        18 22 26 30, 6 8 10 12),
    rows_of_pass!("74"; 4; "s4-s12"; "s0-s3";
        16 20 24 28, 4 6 8 10; 17 21 25 29, 5 7 9 11;
        18 22 26 30, 6 8 10 12),
    rows_of_pass!("82"; 2; "s4-s9"; "s0-s1";
        16 20 24 28, 4 6 8 10; 17 21 25 29, 5 7 9 11;
        18 22 26 30, 6 8 10 12; 19 23 27 31, 7 9 11 13),
    rows_of_pass!("83"; 3; "s4-s11"; "s0-s2";
        16 20 24 28, 4 6 8 10; 17 21 25 29, 5 7 9 11;
        18 22 26 30, 6 8 10 12; 19 23 27 31, 7 9 11 13),
    rows_of_pass!("84"; 4; "s4-s13"; "s0-s3";
        16 20 24 28, 4 6 8 10; 17 21 25 29, 5 7 9 11;
        18 22 26 30, 6 8 10 12; 19 23 27 31, 7 9 11 13),
);

// Outputs whose inputs lie three apart; with several columns four of them have more inputs than there are registers.
lines_of_pass!(
    distant;
    concat!(
        ".short 52f - 50b + 1, 53f - 50b + 1, 54f - 50b + 1\n",
        ".short 62f - 50b + 1, 63f - 50b + 1, 1\n",
        ".short 72f - 50b + 1, 73f - 50b + 1, 1\n",
        ".short 82f - 50b + 1, 83f - 50b + 1, 1\n",
    );
    rows_of_pass!("52"; 2; "s4-s7"; "s0-s1"; 16 20 24 28, 4 7 10 13),
    rows_of_pass!("53"; 3; "s4-s10"; "s0-s2"; 16 20 24 28, 4 7 10 13),
    rows_of_pass!("54"; 4; "s4-s13"; "s0-s3"; 16 20 24 28, 4 7 10 13),
    rows_of_pass!("62"; 2; "s4-s8"; "s0-s1";
        16 20 24 28, 4 7 10 13; 17 21 25 29, 5 8 11 14),
    rows_of_pass!("63"; 3; "s4-s11"; "s0-s2";
        16 20 24 28, 4 7 10 13; 17 21 25 29, 5 8 11 14),
    rows_of_pass!("72"; 2; "s4-s9"; "s0-s1";
        16 20 24 28, 4 7 10 13; 17 21 25 29, 5 8 11 14;
        18 22 26 30, 6 9 12 15),
    rows_of_pass!("73"; 3; "s4-s12"; "s0-s2";
        16 20 24 28, 4 7 10 13; 17 21 25 29, 5 8 11 14;
        18 22 26 30, 6 9 12 15),
    rows_of_pass!("82"; 2; "s4-s10"; "s0-s1";
        16 20 24 28, 4 7 10 13; 17 21 25 29, 5 8 11 14;
        18 22 26 30, 6 9 12 15; 19 23 27 31, 7 10 13 16),
    rows_of_pass!("83"; 3; "s4-s13"; "s0-s2";
        16 20 24 28, 4 7 10 13; 17 21 25 29, 5 8 11 14;
        18 22 26 30, 6 9 12 15; 19 23 27 31, 7 10 13 16),
);
