//! Tables for a person who watches, and the figures in them.

/// A table; its first and last columns are text, the others are figures.
pub struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(title: &str, columns: &[&str]) -> Self {
        let head = columns.iter().map(ToString::to_string).collect();
        Self { title: title.to_owned(), rows: vec![head] }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub fn print(&self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        println!("\n{}", self.title);
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                let is_text = column == 0 || column + 1 == columns;
                if is_text { format!("{cell:width$}") } else { format!("{cell:>width$}") }
            });
            println!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
}

/// What a figure should be, and whether it is.
pub fn at_most(name: &str, figure: f64, target: f64) -> String {
    format!("{name} at most {target}: {}", yes_or_no(figure <= target))
}

/// What a figure should be, and whether it is.
pub fn at_least(name: &str, figure: f64, target: f64) -> String {
    format!("{name} at least {target}: {}", yes_or_no(figure >= target))
}

fn yes_or_no(reached: bool) -> &'static str {
    if reached { "yes" } else { "NO" }
}

/// The targets that there are, in one cell.
pub fn all_of(targets: impl IntoIterator<Item = Option<String>>) -> String {
    targets.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A number of things, in groups of three digits.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Microseconds or a ratio, with two digits after the point.
pub fn two(figure: f64) -> String {
    format!("{figure:.2}")
}

/// The middle one.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
