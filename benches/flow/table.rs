//! The table that is printed at the end.

/// Figure, measured, to reach.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    /// Adds a row, and shows it on stderr at once.
    pub(crate) fn row(&mut self, figure: &str, measured: String, to_reach: &str, reached: bool) {
        eprintln!("{figure}: {measured} (to reach: {to_reach})");
        let verdict = if reached { "yes" } else { "no" };
        self.rows.push([figure.to_owned(), measured, to_reach.to_owned(), verdict.to_owned()]);
    }

    pub(crate) fn print(&self) {
        println!("| figure | measured | to reach | reached |");
        println!("|---|---|---|---|");
        for [figure, measured, to_reach, reached] in &self.rows {
            println!("| {figure} | {measured} | {to_reach} | {reached} |");
        }
    }
}
