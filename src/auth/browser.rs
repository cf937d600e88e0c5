//! What a client calls itself, in a few words of ours: nothing that a client sends gets into a mail.

/// What a browser's `User-Agent` has, and its name; the first one that fits, because most claim to be others too.
const BROWSERS: [(&str, &str); 10] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 8] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// Browser and system, such as `Firefox, Windows`; what is not known is left out, so it may be empty.
pub(super) fn name_of(user_agent: &str) -> String {
    let find = |words: &[(&str, &'static str)]| {
        words.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let known = [find(&BROWSERS), find(&SYSTEMS)].into_iter().flatten();
    known.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_by_what_only_they_say() {
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, name) in [
            (format!("{windows} Chrome/140.0.0.0 Safari/537.36"), "Chrome, Windows"),
            (format!("{windows} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"), "Edge, Windows"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(), "Firefox, Linux"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1".to_owned(),
                "Safari, iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36".to_owned(),
                "Chrome, Android",
            ),
            ("curl/8.5.0".to_owned(), ""),
            ("999999\nLinux".to_owned(), "Linux"),
            (String::new(), ""),
        ] {
            assert_eq!(name_of(&agent), name, "{agent}");
        }
    }
}
