//! Colours of charts, light and dark.

/// Colours that tell lines and groups apart; a number beyond starts again at the first.
pub const COLOURS: usize = 8;

/// The colours of one scheme.
struct Palette {
    paper: &'static str,
    ink: &'static str,
    faint: &'static str,
    grid: &'static str,
    /// What is right in a matrix, what is wrong there, and numbers on a full colour.
    matrix: [&'static str; 3],
    series: [&'static str; COLOURS],
}

/// On white, each series has a contrast of at least 4 to 1.
const LIGHT: Palette = Palette {
    paper: "#ffffff",
    ink: "#1c2430",
    faint: "#5b6675",
    grid: "#e3e7ec",
    matrix: ["#1f6fb2", "#c2410c", "#ffffff"],
    series: [
        "#1f6fb2", "#c2410c", "#2b7d46", "#8047b0", "#b8285a", "#0b7a80", "#7a650c", "#4b5563",
    ],
};

const DARK: Palette = Palette {
    paper: "#14181f",
    ink: "#e4e8ee",
    faint: "#9aa5b4",
    grid: "#2a313b",
    matrix: ["#6cb6ff", "#ff9a5c", "#10141a"],
    series: [
        "#6cb6ff", "#ff9a5c", "#6fcf8b", "#c9a2f5", "#ff8cae", "#54cfd4", "#dcc565", "#b4bcc8",
    ],
};

/// The style sheet of all charts, for a page that holds them.
///
/// Colours are written out for either scheme, since not every viewer of SVG knows variables.
pub fn style() -> String {
    format!(
        "{SHAPES}{}@media(prefers-color-scheme:dark){{{}}}",
        LIGHT.rules(),
        DARK.rules()
    )
}

const SHAPES: &str = "\
.chart text{font:12px system-ui,sans-serif;stroke:none}\
.chart .title{font-size:14px;font-weight:600}\
.chart .small{font-size:10px}.chart .tiny{font-size:6.5px}\
.chart .grid{fill:none;stroke-width:1}\
.chart .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\
.chart .dashed{stroke-width:1.5;stroke-dasharray:4 4}\
.chart .mark{stroke-width:2}.chart .ring{fill:none;stroke-width:1.5}.chart .target{fill:transparent;stroke:none}\
.chart .halo{paint-order:stroke;stroke-width:3;stroke-linejoin:round}";

impl Palette {
    fn rules(&self) -> String {
        let [right, wrong, on] = self.matrix;
        let Self {
            paper,
            ink,
            faint,
            grid,
            ..
        } = self;
        let mut rules = format!(
            ".chart .paper,.chart .hollow{{fill:{paper}}}\
             .chart text{{fill:{ink}}}.chart .faint{{fill:{faint}}}.chart .halo{{stroke:{paper}}}\
             .chart .grid{{stroke:{grid}}}\
             .chart .right{{fill:{right}}}.chart .wrong{{fill:{wrong}}}.chart .on{{fill:{on}}}"
        );
        for (index, colour) in self.series.iter().enumerate() {
            rules += &format!(
                ".chart .s{index}{{stroke:{colour}}}.chart .filled.s{index}{{fill:{colour}}}"
            );
        }
        rules
    }
}

/// The class of a colour.
pub(super) fn colour_class(colour: usize) -> String {
    format!("s{}", colour % COLOURS)
}
