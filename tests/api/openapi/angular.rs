//! The types of the Angular example, which are written by hand, are those of the document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::document::DOCUMENT;

const TYPES: &str = include_str!("../../../examples/angular/src/app/api/contract.ts");

/// An interface of the example and a schema. The answer of a sign-in is three interfaces there, of which two have only what is
/// always there.
const SCHEMAS: [(&str, &str, Members); 12] = [
    ("Registration", "AccountsRegistration", Members::All),
    ("RegistrationRefused", "RegistrationRefusal", Members::All),
    ("Login", "AccountsLogin", Members::All),
    ("TwoStepVerification", "AccountsVerification", Members::All),
    ("SignedIn", "AuthResponse", Members::Required),
    ("SecondStep", "AuthResponse", Members::All),
    ("LoginRefused", "AuthResponse", Members::Required),
    ("ForgotPassword", "AccountsForgotPassword", Members::All),
    ("ResetPassword", "AccountsResetPassword", Members::All),
    ("ResetRefused", "ResetRefusal", Members::All),
    ("Company", "Company", Members::All),
    ("Claim", "Claim", Members::All),
];

/// No bodies: a query, and the inside of a token.
const OTHERS: [&str; 2] = ["EmailConfirmation", "TokenClaims"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Members {
    All,
    Required,
}

/// A member's type, and whether it may be absent.
type Interface = BTreeMap<String, (String, bool)>;

/// Every interface of the example.
fn interfaces() -> BTreeMap<String, Interface> {
    let interface = |text: &str| {
        let (name, rest) = text.split_once(" {").unwrap();
        let lines = rest.split("\n}").next().unwrap().lines().map(str::trim);
        let members =
            lines.filter(|line| !line.is_empty() && !line.starts_with("/**") && !line.starts_with('['));
        let member = |line: &str| {
            let (name, of) = line.trim_end_matches(';').split_once(": ").unwrap();
            (name.trim_end_matches('?').to_owned(), (of.to_owned(), name.ends_with('?')))
        };
        (name.to_owned(), members.map(member).collect())
    };
    TYPES.split("export interface ").skip(1).map(interface).collect()
}

/// Whether what has the type `of` in the example is what the schema lets pass.
fn agrees(of: &str, schema: &Value) -> bool {
    let name = match of {
        "true" | "false" | "boolean" => "boolean",
        "string[]" => return schema["type"] == "array" && schema["items"]["type"] == "string",
        other => other,
    };
    match &schema["type"] {
        Value::Array(names) => names.iter().any(|other| other == name),
        other => other == name,
    }
}

#[test]
fn the_angular_examples_types_are_those_of_the_document() {
    let interfaces = interfaces();

    for (interface, name, which) in SCHEMAS {
        let (members, schema) = (&interfaces[interface], &DOCUMENT["components"]["schemas"][name]);
        let is_required =
            |member: &str| schema["required"].as_array().unwrap().iter().any(|other| other == member);
        let told = schema["properties"].as_object().unwrap();
        let told: BTreeMap<_, _> =
            told.iter().filter(|(member, _)| which == Members::All || is_required(member)).collect();
        assert!(members.keys().eq(told.keys().copied()), "{interface}: {members:?} and {told:?}");
        for (member, (of, may_be_absent)) in members {
            assert!(agrees(of, told[member]), "{interface}.{member}: {of} and {}", told[member]);
            assert!(!is_required(member) || !may_be_absent, "{interface}.{member} must be there");
        }
    }
    let known: Vec<_> = SCHEMAS.iter().map(|(interface, ..)| *interface).chain(OTHERS).collect();
    assert!(interfaces.keys().all(|name| known.contains(&name.as_str())), "{interfaces:?}");
}

#[test]
fn the_angular_examples_query_is_that_of_the_document() {
    let parameters =
        DOCUMENT["paths"]["/api/accounts/emailconfirmation"]["get"]["parameters"].as_array().unwrap();

    let told: BTreeSet<_> = parameters.iter().map(|of| of["name"].as_str().unwrap().to_owned()).collect();

    assert!(interfaces()["EmailConfirmation"].keys().eq(told.iter()), "{told:?}");
}
