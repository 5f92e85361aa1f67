//! The results as charts: accuracy over bytes and over MACs.

use super::result::{Row, RunCost};
use super::table;
use crate::charts::{Drawing, Point, PointGroup, Scale, Scatter, Unit};
use crate::output::grouped;
use crate::report::{document, section};
use maud::html;

/// The name of the file of [`svg`].
pub const SVG: &str = "sweep.svg";
/// The name of the file of [`page`].
pub const PAGE: &str = "sweep.html";

/// Both charts as the text of a file `.svg`.
pub fn svg(board: Option<&str>, rows: &[Row]) -> String {
    Drawing::beside(&charts(board, rows)).file()
}

/// Both charts and the table as a page of HTML that needs no other file.
pub fn page(title: &str, varying: &[String], board: Option<&str>, rows: &[Row]) -> String {
    let content = html! {
        header id="summary" {
            p { "Comparison of training runs" }
            h1 { (title) }
        }
        (section("charts", "Accuracy and cost", &html! {
            p class="note" {
                "Accuracy is that on the samples held out. The line joins the runs that no \
                 other beats: none is as accurate for less."
            }
            div class="charts" { @for chart in charts(board, rows) { (chart.inline()) } }
        }))
        (section("runs", "Runs", &table::markup(varying, board, rows)))
    };
    document(title, &content)
}

fn charts(board: Option<&str>, rows: &[Row]) -> [Drawing; 2] {
    [
        scatter(
            "Accuracy over bytes",
            "bytes of parameters",
            board,
            rows,
            |cost| cost.bytes as f64,
            |row| row.pareto_bytes,
        ),
        scatter(
            "Accuracy over MACs",
            "MACs an inference",
            board,
            rows,
            |cost| cost.macs as f64,
            |row| row.pareto_macs,
        ),
    ]
}

/// Points of four kinds: on the front or not, fitting the board or not.
fn scatter(
    title: &str,
    x_label: &str,
    board: Option<&str>,
    rows: &[Row],
    of: fn(&RunCost) -> f64,
    on_front: fn(&Row) -> bool,
) -> Drawing {
    let texts: Vec<String> = rows.iter().map(tooltip).collect();
    let names = match board {
        Some(board) => [format!("fits {board}"), format!("does not fit {board}")],
        None => ["a run".into(), String::new()],
    };
    let kind = |name, colour, hollow, joined| PointGroup {
        name,
        colour,
        hollow,
        joined,
    };
    let mut groups = vec![
        kind("not beaten by any other (front)", 2, true, true),
        kind(&names[0], 0, false, false),
    ];
    groups.extend(board.map(|_| kind(&names[1], 1, true, false)));
    let point = |(row, tooltip): (&'_ Row, &'_ String), group| {
        let (x, y) = row.point(of)?;
        Some((x, y, group, tooltip.clone(), row.number().to_owned()))
    };
    let all = || rows.iter().zip(&texts);
    let front = all().filter(|(row, _)| on_front(row));
    let front = front.filter_map(|row| point(row, 0));
    let every = all().filter_map(|row| {
        let beyond = row
            .0
            .cost
            .as_ref()
            .is_some_and(|cost| cost.fits == Some(false));
        point(row, 1 + usize::from(beyond))
    });
    let places: Vec<_> = front.chain(every).collect();
    let points = places.iter().map(|(x, y, group, tooltip, number)| Point {
        x: *x,
        y: *y,
        group: *group,
        label: if *group == 0 { number } else { "" },
        tooltip,
    });
    Scatter {
        title,
        x_label,
        x_scale: Scale::Log,
        x_unit: Unit::Whole,
        y_unit: Unit::Percent,
        groups,
        points: points.collect(),
    }
    .draw()
}

fn tooltip(row: &Row) -> String {
    let Some(cost) = &row.cost else {
        return row.run.clone();
    };
    let accuracy = row.validation_accuracy.unwrap_or(0.0);
    format!(
        "{}: {:.2}%, {} bytes, {} MACs",
        row.run,
        100.0 * accuracy,
        grouped(cost.bytes as u64),
        grouped(cost.macs)
    )
}
