//! Two rates, measured in turns.

use crate::load::Rate;

/// How many turns count.
const ROUNDS: usize = 4;
/// A turn in which others took a larger share of the machine is measured again,
const QUIET: f64 = 0.05;
/// but there are no more turns than these.
const MOST: usize = 16;

struct Turn {
    ours: f64,
    theirs: f64,
    others: f64,
}

/// What was measured. Of all turns the quietest count.
#[derive(Default)]
pub(crate) struct Turns {
    turns: Vec<Turn>,
    failed: u32,
}

impl Turns {
    /// Whether there is to be another turn.
    pub(crate) fn go_on(&self) -> bool {
        let quiet = self.turns.iter().filter(|turn| turn.others <= QUIET).count();
        quiet < ROUNDS && self.turns.len() < MOST
    }

    /// Adds a turn; `others` is the share of the machine that went to others meanwhile.
    pub(crate) fn add(&mut self, ours: Rate, theirs: f64, others: f64) {
        let turn = Turn { ours: ours.per_second(), theirs, others };
        eprintln!(
            "  {:.1}/s against {:.1}/s: {:.3}, with {:.0} % for others",
            turn.ours,
            turn.theirs,
            turn.ours / turn.theirs,
            turn.others * 100.0
        );
        self.turns.push(turn);
        self.failed += ours.failed;
        self.turns.sort_by(|one, other| one.others.total_cmp(&other.others));
    }

    fn median(&self, of: impl Fn(&Turn) -> f64) -> f64 {
        median(self.turns.iter().take(ROUNDS).map(of))
    }

    pub(crate) fn ratio(&self) -> f64 {
        self.median(|turn| turn.ours / turn.theirs)
    }

    /// The ratio, and what it is of.
    pub(crate) fn tell(&self, ours: &str, theirs: &str) -> String {
        format!(
            "{:.3} ({:.1} {ours}, {} failed; {:.1} {theirs}; {:.0} % of the machine went to others)",
            self.ratio(),
            self.median(|turn| turn.ours),
            self.failed,
            self.median(|turn| turn.theirs),
            self.median(|turn| turn.others) * 100.0
        )
    }
}

/// The middle one, or the mean of the middle two.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) }
}
