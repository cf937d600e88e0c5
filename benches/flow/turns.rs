//! Two rates, measured in turns.

use crate::load::Rate;

/// A turn in which others took a larger share of the machine is measured again,
const QUIET: f64 = 0.05;
/// but there are no more turns than this many times those that count.
const MOST: usize = 2;

struct Turn {
    ours: f64,
    theirs: f64,
    others: f64,
}

/// What was measured. Of all turns the quietest count.
pub(crate) struct Turns {
    /// How many.
    rounds: usize,
    taken: Vec<Turn>,
    failed: u32,
}

impl Turns {
    /// As many as tell a large difference.
    pub(crate) fn few() -> Self {
        Self { rounds: 4, taken: Vec::new(), failed: 0 }
    }

    /// As many as tell a difference of a few percent, where single turns differ by ten.
    pub(crate) fn many() -> Self {
        Self { rounds: 12, ..Self::few() }
    }

    /// Whether there is to be another turn.
    pub(crate) fn go_on(&self) -> bool {
        let quiet = self.taken.iter().filter(|turn| turn.others <= QUIET).count();
        quiet < self.rounds && self.taken.len() < self.rounds * MOST
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
        self.taken.push(turn);
        self.failed += ours.failed;
        self.taken.sort_by(|one, other| one.others.total_cmp(&other.others));
    }

    fn counted(&self) -> impl Iterator<Item = &Turn> {
        self.taken.iter().take(self.rounds)
    }

    fn median(&self, of: impl Fn(&Turn) -> f64) -> f64 {
        median(self.counted().map(of))
    }

    pub(crate) fn ratio(&self) -> f64 {
        self.median(|turn| turn.ours / turn.theirs)
    }

    /// The ratios between which the middle half of the turns lies.
    fn middle_half(&self) -> (f64, f64) {
        let mut ratios: Vec<f64> = self.counted().map(|turn| turn.ours / turn.theirs).collect();
        ratios.sort_by(f64::total_cmp);
        let quarter = ratios.len() / 4;
        (ratios[quarter], ratios[ratios.len() - 1 - quarter])
    }

    /// The ratio, and what it is of.
    pub(crate) fn tell(&self, ours: &str, theirs: &str) -> String {
        let (from, to) = self.middle_half();
        format!(
            "{:.3} (the middle half of {} turns {from:.2} to {to:.2}; {:.1} {ours}, {} failed; {:.1} {theirs}; {:.0} % of the machine went to others)",
            self.ratio(),
            self.counted().count(),
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
