//! The arrows of the house, read from its sources: which room may look into which, and who may use the big crates.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms that every other may look into.
const FOR_EVERYONE: [&str; 3] = ["clock", "metrics", "vault"];

/// What each room may look into besides; a room may look into itself.
const ARROWS: [(&str, &[&str]); 12] = [
    ("cli", &["startup", "auth", "settings", "token"]),
    ("startup", &["api", "auth", "courier", "limits", "otp", "settings", "token"]),
    ("settings", &[]),
    ("api", &["auth", "limits", "token"]),
    ("auth", &["courier", "otp", "token"]),
    ("otp", &["courier"]),
    ("courier", &[]),
    ("token", &[]),
    ("limits", &[]),
    ("clock", &[]),
    ("metrics", &[]),
    ("vault", &[]),
];

/// Single names that may be seen across a wall, with the reason in the name's own documentation.
const DOORS: [(&str, &str, &str); 8] = [
    // The development inbox is a face over what the courier caught.
    ("api", "courier", "Inbox"),
    ("api", "courier", "Caught"),
    // The settings are made of each room's own section.
    ("settings", "api", "ServerSettings"),
    ("settings", "auth", ""),
    ("settings", "courier", ""),
    ("settings", "limits", "LimitSettings"),
    ("settings", "otp", ""),
    ("settings", "token", ""),
];

/// Crates that only some rooms may use.
const CRATES: [(&str, &[&str]); 6] = [
    ("actix_web", &["api", "startup"]),
    ("actix_session", &["api", "startup"]),
    ("actix_cors", &["api", "startup"]),
    ("sea_orm", &["auth", "courier", "token", "startup"]),
    ("entity", &["auth", "courier", "token", "startup"]),
    ("actix", &["otp", "courier", "startup"]),
];

const LONGEST_FILE: usize = 350;
/// Tests are lists: they may be a little longer.
const LONGEST_TEST: usize = 450;

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

impl Source {
    /// Whether it is a file of unit tests: `tests.rs`, or one in a folder `tests`.
    fn is_test(&self) -> bool {
        self.path.iter().any(|part| part == "tests" || part == "tests.rs")
    }

    /// Its code: no comments, no tests, which may look anywhere.
    fn code(&self) -> String {
        if self.is_test() {
            return String::new();
        }
        let code = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn files_under(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    if root.exists() {
        rust_files(&root, &mut found);
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let open = |path: PathBuf| {
        let inside = path.strip_prefix(&src).unwrap().to_path_buf();
        let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let room = first.trim_end_matches(".rs").to_owned();
        Source { text: fs::read_to_string(&path).unwrap(), path: inside, room }
    };
    files_under("src").into_iter().map(open).collect()
}

/// Every `crate::room…` path in `code`, as (room, rest), with grouped imports taken apart.
fn paths_into_rooms(code: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let preceded = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        if preceded {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            for item in split_group(group) {
                found.push(room_and_rest(item.trim()));
            }
        } else {
            found.push(room_and_rest(rest));
        }
    }
    found
}

/// The items of a `{…}` group, up to its closing brace.
fn split_group(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&group[start..at]);
                return items;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items
}

fn room_and_rest(path: &str) -> (String, String) {
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    let rest = path[end..].trim_start_matches("::");
    let rest = rest.split([';', ')', '\n']).next().unwrap_or_default();
    (path[..end].to_owned(), rest.to_owned())
}

/// Whether `rest` names only `Settings` structs and enums, or what `door` allows.
fn passes_door(from: &str, to: &str, rest: &str) -> bool {
    let names = rest.trim_start_matches('{').split(['}', ';']).next().unwrap_or_default();
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    !names.is_empty()
        && names.iter().all(|name| {
            let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            let doors = DOORS.iter().filter(|(room, into, _)| *room == from && *into == to);
            doors.clone().any(|(.., door)| door.is_empty() || *door == name)
        })
}

/// Twilio's client speaks in the types of `actix_web::http`.
fn is_spared(source: &Source, name: &str) -> bool {
    let only_http =
        source.code().matches("actix_web::").count() == source.code().matches("actix_web::http").count();
    name == "actix_web" && source.path.starts_with("courier/twilio") && only_http
}

#[test]
fn every_room_is_on_the_map() {
    for source in sources() {
        let known = ARROWS.iter().any(|(room, _)| *room == source.room);
        assert!(
            known || matches!(source.room.as_str(), "main" | "lib"),
            "{} is in no room of design.md",
            source.path.display()
        );
    }
}

#[test]
fn imports_point_one_way() {
    let arrows: BTreeMap<_, _> = ARROWS.into_iter().collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !matches!(source.room.as_str(), "main" | "lib")) {
        for (room, rest) in paths_into_rooms(&source.code()) {
            let known = arrows.contains_key(room.as_str());
            let free = room == source.room || FOR_EVERYONE.contains(&room.as_str()) || !known;
            let from = source.room.as_str();
            if !free && !arrows[from].contains(&room.as_str()) && !passes_door(from, &room, &rest) {
                wrong.push(format!("{}: {from} → {room}::{rest}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn big_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in sources() {
        let code = source.code();
        for (name, rooms) in CRATES {
            let used = code.match_indices(&format!("{name}::")).any(|(at, _)| {
                !code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if used && !rooms.contains(&source.room.as_str()) && !is_spared(&source, name) {
                wrong.push(format!("{} uses {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_spared_as_a_test_is_compiled_as_one() {
    let sources = sources();
    let declares = |source: &Source, folder: &Path| {
        let (parent, as_file) = (folder.join("mod.rs"), folder.with_extension("rs"));
        (source.path == parent || source.path == as_file) && source.text.contains("#[cfg(test)]\nmod tests;")
    };
    for test in sources.iter().filter(|source| source.is_test()) {
        let outside = |folder: &&Path| folder.iter().all(|part| part != "tests");
        let folder = test.path.ancestors().skip(1).find(outside).unwrap();
        assert!(sources.iter().any(|source| declares(source, folder)), "{}", test.path.display());
    }
}

#[test]
fn only_the_clock_asks_the_system_for_the_time() {
    for source in sources().iter().filter(|source| source.room != "clock") {
        for call in ["Utc::now", "Local::now", "SystemTime::now"] {
            assert!(!source.code().contains(call), "{} calls {call}", source.path.display());
        }
    }
}

#[test]
fn no_file_is_too_long() {
    for folder in ["src", "entity", "migration", "tests", "benches", "examples"] {
        for path in files_under(folder) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            let longest = if folder == "tests" { LONGEST_TEST } else { LONGEST_FILE };
            assert!(lines <= longest, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    for document in ["README.md", "docs/performance.md", "examples/angular/README.md"] {
        let folder = Path::new(document).parent().unwrap();
        let text = fs::read_to_string(document).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://")) {
            assert!(folder.join(link).exists(), "{document}: {link}");
        }
    }
}

#[test]
fn rows_know_nothing_of_the_house() {
    for path in [files_under("entity/src"), files_under("migration/src")].concat() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("twostep::"), "{} looks into the house", path.display());
    }
}

#[test]
fn rows_are_never_serialised() {
    for path in files_under("entity/src") {
        assert!(!fs::read_to_string(&path).unwrap().contains("Serialize"), "{}", path.display());
    }
}

#[test]
fn lint_exceptions_have_a_reason() {
    for source in sources() {
        assert!(!source.code().contains("#[allow("), "{} has #[allow]", source.path.display());
        for (at, _) in source.text.match_indices("#[expect(") {
            let attribute = source.text[at..].split(")]").next().unwrap_or_default();
            assert!(attribute.contains("reason"), "{}: {attribute}", source.path.display());
        }
    }
}

#[test]
fn the_reader_of_imports_sees_groups_and_paths() {
    let code = "use crate::{api::{A, B}, clock::Clock};\nlet x = crate::auth::login();\nuse mycrate::otp;";

    let rooms: Vec<_> = paths_into_rooms(code).into_iter().map(|(room, _)| room).collect();

    assert_eq!(rooms, ["api", "clock", "auth"]);
    assert!(passes_door("api", "courier", "Inbox"));
    assert!(passes_door("api", "courier", "{Caught, Inbox}"));
    assert!(!passes_door("api", "courier", "Courier"));
    assert!(!passes_door("api", "courier", "{Inbox, Courier}"));
    assert!(!passes_door("otp", "auth", "Auth"));
}
