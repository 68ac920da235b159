//! Rows as a table, as comma-separated values or as JSON.

use crate::ui::terminal;
use serde_json::{Map, Number, Value, json};
use std::io;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// RFC 4180, with lines that end as Unix has them.
    Csv,
    /// An array of objects.
    Json,
}

/// How many rows of a table are looked at to tell how wide its columns are.
const SAMPLE: usize = 1000;

/// The longest value that widens a column.
const WIDEST: usize = 60;

/// Rows on their way to standard output.
#[derive(Debug)]
pub struct Rows {
    format: Format,
    columns: Vec<(String, bool)>,
    waiting: Vec<Vec<Option<String>>>,
    widths: Vec<usize>,
    printed: usize,
}

impl Rows {
    /// Nothing has come yet.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            columns: Vec::new(),
            waiting: Vec::new(),
            widths: Vec::new(),
            printed: 0,
        }
    }

    /// The columns are known.
    pub fn begin(&mut self, columns: Vec<(String, bool)>) {
        self.columns = columns;
    }

    /// Whether rows may come now.
    pub fn have_begun(&self) -> bool {
        !self.columns.is_empty()
    }

    /// A row has come.
    pub fn add(&mut self, row: Vec<Option<String>>) -> io::Result<()> {
        self.waiting.push(row);
        if self.waiting.len() >= SAMPLE {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// That was all.
    pub fn end(mut self) -> io::Result<()> {
        if !self.columns.is_empty() {
            self.flush()?;
        }
        match (self.format, self.printed) {
            (Format::Json, 0) => terminal::print("[]"),
            (Format::Json, _) => terminal::print("\n]"),
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        let mut text = String::new();
        if self.printed == 0 && self.widths.is_empty() {
            self.widths = self.measured(&rows);
            text.push_str(&self.head());
        }
        for row in &rows {
            text.push_str(&self.line(row));
            self.printed += 1;
        }
        match self.format {
            // As it is: whatever reads it is no terminal, or has asked for it.
            Format::Csv | Format::Json => terminal::print_bytes(text.as_bytes()),
            Format::Table => terminal::print_bytes(terminal::printable(&text).as_bytes()),
        }
    }

    fn measured(&self, rows: &[Vec<Option<String>>]) -> Vec<usize> {
        let width = |text: &str| text.chars().count().min(WIDEST);
        let columns = self.columns.iter().enumerate();
        let of_column = |(at, (name, _)): (usize, &(String, bool))| {
            let values = rows.iter().filter_map(|row| row.get(at));
            let values = values.map(|value| width(value.as_deref().unwrap_or("NULL")));
            values.max().unwrap_or(0).max(width(name)).max(1)
        };
        columns.map(of_column).collect()
    }

    fn head(&self) -> String {
        let names = self.columns.iter().map(|(name, _)| name.as_str());
        match self.format {
            Format::Csv => csv(names.map(Some)),
            Format::Json => String::new(),
            Format::Table => {
                let rule: Vec<_> = self.widths.iter().map(|width| "-".repeat(*width)).collect();
                format!("{}{}\n", self.padded(names), rule.join("  "))
            }
        }
    }

    fn line(&self, row: &[Option<String>]) -> String {
        match self.format {
            Format::Csv => csv(row.iter().map(Option::as_deref)),
            Format::Json => {
                let start = if self.printed == 0 { "[\n  " } else { ",\n  " };
                format!("{start}{}", self.object(row))
            }
            Format::Table => {
                let one_line = |value: &Option<String>| {
                    value
                        .as_deref()
                        .unwrap_or("NULL")
                        .replace(['\n', '\r', '\t'], " ")
                };
                let values: Vec<_> = row.iter().map(one_line).collect();
                self.padded(values.iter().map(String::as_str))
            }
        }
    }

    /// Numbers to the right, the rest to the left.
    fn padded<'a>(&self, values: impl Iterator<Item = &'a str>) -> String {
        let cells = values.zip(&self.widths).zip(&self.columns);
        let cells: Vec<_> = cells
            .map(|((value, width), (_, is_number))| {
                if *is_number {
                    format!("{value:>width$}")
                } else {
                    format!("{value:<width$}")
                }
            })
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    }

    fn object(&self, row: &[Option<String>]) -> Value {
        let mut object = Map::new();
        for (at, ((name, is_number), value)) in self.columns.iter().zip(row).enumerate() {
            let value = match value {
                None => Value::Null,
                Some(text) if *is_number => {
                    text.parse::<Number>().map_or_else(|_| json!(text), Value::Number)
                }
                Some(text) => json!(text),
            };
            // Columns without a name, or with that of another, are known by their place.
            let key = if name.is_empty() || object.contains_key(name) {
                format!("column{}", at + 1)
            } else {
                name.clone()
            };
            object.insert(key, value);
        }
        Value::Object(object)
    }
}

/// One record; NULL is nothing, and an empty text is an empty pair of quotes.
fn csv<'a>(values: impl Iterator<Item = Option<&'a str>>) -> String {
    let field = |value: Option<&str>| match value {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains(['"', ',', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.to_owned(),
    };
    let fields: Vec<_> = values.map(field).collect();
    format!("{}\n", fields.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(format: Format) -> Rows {
        let mut rows = Rows::new(format);
        rows.begin(vec![
            ("id".into(), true),
            ("name".into(), false),
            (String::new(), false),
        ]);
        rows.widths = vec![2, 4, 1];
        rows
    }

    fn row() -> Vec<Option<String>> {
        vec![Some("7".into()), Some("a, \"b\"\nc".into()), None]
    }

    #[test]
    fn a_row_is_a_line_of_a_table_a_record_or_an_object() {
        assert_eq!(rows(Format::Table).line(&row()), " 7  a, \"b\" c  NULL\n");
        assert_eq!(rows(Format::Csv).line(&row()), "7,\"a, \"\"b\"\"\nc\",\n");
        assert_eq!(
            rows(Format::Json).object(&row()),
            json!({ "id": 7, "name": "a, \"b\"\nc", "column3": null })
        );
        assert_eq!(rows(Format::Csv).head(), "id,name,\"\"\n");
        assert_eq!(rows(Format::Table).head(), "id  name\n--  ----  -\n");
    }

    #[test]
    fn a_column_is_as_wide_as_its_widest_value_but_one_value_does_not_fill_the_screen() {
        let rows = rows(Format::Table);
        assert_eq!(rows.measured(&[]), [2, 4, 1]);
        let long = vec![Some("70000".into()), Some("x".repeat(1000)), None];
        assert_eq!(rows.measured(&[row(), long]), [5, WIDEST, 4]);
    }
}
