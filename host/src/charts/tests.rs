use super::*;

const NASTY: &str = "<b>&\"\u{1}'";

fn lines(points: &[(f64, f64)]) -> LineChart<'_> {
    LineChart {
        title: NASTY,
        x_label: "epoch",
        unit: Unit::Percent,
        lines: vec![Line {
            name: NASTY,
            points: points.to_vec(),
            colour: 9,
            dashed: true,
        }],
    }
}

fn matrix(classes: usize) -> String {
    let names = vec![NASTY.to_string(); classes];
    let cells = (0..classes * classes).map(|index| Cell {
        row: index / classes,
        column: index % classes,
        shade: index as f64 / (classes * classes) as f64,
        count: index as u64,
    });
    let matrix = Matrix {
        title: "",
        row_label: "",
        column_label: "",
        names: &names,
        cells: cells
            .chain([Cell {
                row: classes,
                column: 0,
                shade: 1.0,
                count: 1,
            }])
            .collect(),
    };
    matrix.draw().file()
}

#[test]
fn what_comes_from_outside_stays_text() {
    for text in [
        lines(&[(1.0, 0.5), (2.0, 0.75)]).draw().file(),
        scatter().draw().file(),
        matrix(3),
    ] {
        assert!(text.contains("&lt;b&gt;&amp;&quot;\u{fffd}"), "{text}");
        assert!(!text.contains("<b>") && !text.contains('\u{1}'), "{text}");
    }
}

#[test]
fn points_lie_where_their_values_are() {
    let text = lines(&[(1.0, 0.0), (2.0, f64::NAN), (3.0, 1.0)])
        .draw()
        .file();
    // From the lower left corner of the plane to the upper right one, past what is no number.
    assert!(
        text.contains("class=\"line s1 dashed\" d=\"M52 272L408 52\""),
        "{text}"
    );
    assert!(text.contains(": 100.00%</title>"), "{text}");
    let one = lines(&[(1.0, 0.5)]).draw().file();
    assert!(
        one.contains("<circle class=\"filled s1\" cx=\"230\""),
        "{one}"
    );
    assert!(lines(&[]).draw().file().ends_with("</svg>\n"));
}

fn scatter() -> Scatter<'static> {
    let group = |hollow, joined| PointGroup {
        name: NASTY,
        colour: 0,
        hollow,
        joined,
    };
    let point = |x, group| Point {
        x,
        y: 0.5,
        group,
        label: NASTY,
        tooltip: NASTY,
    };
    Scatter {
        title: "accuracy",
        x_label: "parameters",
        x_scale: Scale::Log,
        x_unit: Unit::Plain,
        y_unit: Unit::Percent,
        groups: vec![group(false, true), group(true, false)],
        points: vec![
            point(1e5, 0),
            point(1e3, 0),
            point(1e4, 1),
            point(0.0, 1),
            point(1.0, 7),
        ],
    }
}

#[test]
fn points_without_a_place_or_a_group_are_left_out() {
    let text = scatter().draw().file();
    let tooltips = text.matches("</title></circle>").count();
    assert_eq!(tooltips, 3, "{text}");
    // The legend's, and one through the points from left to right.
    assert_eq!(
        text.matches("class=\"line dashed s0\"").count(),
        2,
        "{text}"
    );
}

#[test]
fn few_classes_have_numbers_and_many_have_colours() {
    let [few, many, most] = [2, 21, 101].map(matrix);
    let count = |text: &str, part: &str| text.matches(part).count();
    assert_eq!(
        [count(&few, "<rect"), count(&few, "pointer-events")],
        [5, 4]
    );
    assert_eq!(
        [count(&many, "<rect"), count(&many, "pointer-events")],
        [442, 0]
    );
    assert_eq!(count(&most, "<rect"), 1, "only the paper");
    assert_eq!(count(&most, "h1v1h-1z"), 101 * 101);
}
