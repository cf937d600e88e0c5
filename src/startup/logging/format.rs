//! How a record is written: a line for people, or a JSON object.

use std::borrow::Cow;
use std::io::{self, Write as _};

use env_logger::fmt::Formatter;
use log::Record;
use log::kv::{Error, Key, Value, VisitSource, VisitValue};
use serde_json::{Map, Value as Json};

/// `TIME LEVEL target message key=value…`; control characters are escaped, so that no value can forge a line.
pub(super) fn text(f: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let (time, style) = (f.timestamp_millis(), f.default_level_style(record.level()));
    let message = record.args().to_string();
    write!(f, "{time} {style}{:<5}{style:#} {} {}", record.level(), record.target(), escape(&message))?;
    for (key, value) in pairs(record) {
        let value = match value {
            Json::String(text) if text.contains([' ', '"', '=']) => Cow::Owned(format!("{text:?}")),
            Json::String(text) => Cow::Owned(escape(&text).into_owned()),
            value => Cow::Owned::<str>(value.to_string()),
        };
        write!(f, " {}={value}", escape(&key))?;
    }
    writeln!(f)
}

/// `{"time", "level", "target", "message", key: value…}`
pub(super) fn json(f: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let mut object = Map::new();
    for (name, value) in [
        ("time", f.timestamp_millis().to_string()),
        ("level", record.level().to_string()),
        ("target", record.target().to_owned()),
        ("message", record.args().to_string()),
    ] {
        object.insert(name.to_owned(), value.into());
    }
    for (mut key, value) in pairs(record) {
        while object.contains_key(&key) {
            key.push('_');
        }
        object.insert(key, value);
    }
    writeln!(f, "{}", Json::Object(object))
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() { escaped.extend(c.escape_debug()) } else { escaped.push(c) }
    }
    Cow::Owned(escaped)
}

fn pairs(record: &Record<'_>) -> Vec<(String, Json)> {
    struct Collect(Vec<(String, Json)>);
    impl<'kvs> VisitSource<'kvs> for Collect {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
            let mut json = ToJson(Json::Null);
            value.visit(&mut json)?;
            self.0.push((key.as_str().to_owned(), json.0));
            Ok(())
        }
    }
    let mut collect = Collect(Vec::new());
    // What was collected before a value that cannot be read is written.
    let _ = record.key_values().visit(&mut collect);
    collect.0
}

/// Numbers and truth values stay what they are; all else is text.
struct ToJson(Json);

impl VisitValue<'_> for ToJson {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), Error> {
        self.0 = value.to_string().into();
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), Error> {
        self.0 = Json::Null;
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), Error> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), Error> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), Error> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), Error> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), Error> {
        self.0 = value.into();
        Ok(())
    }
}
