//! Printing of rows as a table, as comma-separated values or as JSON.

use crate::ui::terminal;
use serde_json::{Map, Number, Value, json};
use std::io;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// RFC 4180, with LF line ends.
    Csv,
    /// An array of objects.
    Json,
}

/// The number of rows by which the widths of a table's columns are measured.
const SAMPLE_ROWS: usize = 1000;

/// The greatest width of a column.
const MAX_WIDTH: usize = 60;

/// Prints rows as they arrive.
#[derive(Debug)]
pub struct Rows {
    format: Format,
    columns: Vec<(String, bool)>,
    buffered: Vec<Vec<Option<String>>>,
    widths: Vec<usize>,
    printed: usize,
}

impl Rows {
    /// No columns and rows yet.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            columns: Vec::new(),
            buffered: Vec::new(),
            widths: Vec::new(),
            printed: 0,
        }
    }

    /// Sets the names of the columns, and whether they hold numbers.
    pub fn set_columns(&mut self, columns: Vec<(String, bool)>) {
        self.columns = columns;
    }

    /// Whether the columns are known.
    pub fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Option<String>>) -> io::Result<()> {
        self.buffered.push(row);
        if self.buffered.len() >= SAMPLE_ROWS {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Prints what is buffered, and the end.
    pub fn finish(mut self) -> io::Result<()> {
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
        let rows = std::mem::take(&mut self.buffered);
        let mut text = String::new();
        if self.printed == 0 && self.widths.is_empty() {
            self.widths = self.column_widths(&rows);
            text.push_str(&self.header());
        }
        for row in &rows {
            text.push_str(&self.format_row(row));
            self.printed += 1;
        }
        match self.format {
            // Unchanged: the reader is a program, or has asked for this format.
            Format::Csv | Format::Json => terminal::print_bytes(text.as_bytes()),
            Format::Table => terminal::print_bytes(terminal::printable(&text).as_bytes()),
        }
    }

    fn column_widths(&self, rows: &[Vec<Option<String>>]) -> Vec<usize> {
        let width = |text: &str| text.chars().count().min(MAX_WIDTH);
        let columns = self.columns.iter().enumerate();
        let of_column = |(at, (name, _)): (usize, &(String, bool))| {
            let values = rows.iter().filter_map(|row| row.get(at));
            let values = values.map(|value| width(value.as_deref().unwrap_or("NULL")));
            values.max().unwrap_or(0).max(width(name)).max(1)
        };
        columns.map(of_column).collect()
    }

    fn header(&self) -> String {
        let names = self.columns.iter().map(|(name, _)| name.as_str());
        match self.format {
            Format::Csv => csv_record(names.map(Some)),
            Format::Json => String::new(),
            Format::Table => {
                let rule: Vec<_> = self.widths.iter().map(|width| "-".repeat(*width)).collect();
                format!("{}{}\n", self.table_line(names), rule.join("  "))
            }
        }
    }

    fn format_row(&self, row: &[Option<String>]) -> String {
        match self.format {
            Format::Csv => csv_record(row.iter().map(Option::as_deref)),
            Format::Json => {
                let start = if self.printed == 0 { "[\n  " } else { ",\n  " };
                format!("{start}{}", self.json_object(row))
            }
            Format::Table => {
                let one_line = |value: &Option<String>| {
                    value
                        .as_deref()
                        .unwrap_or("NULL")
                        .replace(['\n', '\r', '\t'], " ")
                };
                let values: Vec<_> = row.iter().map(one_line).collect();
                self.table_line(values.iter().map(String::as_str))
            }
        }
    }

    /// Aligns numbers to the right, other values to the left.
    fn table_line<'a>(&self, values: impl Iterator<Item = &'a str>) -> String {
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

    fn json_object(&self, row: &[Option<String>]) -> Value {
        let mut object = Map::new();
        for (at, ((name, is_number), value)) in self.columns.iter().zip(row).enumerate() {
            let value = match value {
                None => Value::Null,
                Some(text) if *is_number => {
                    text.parse::<Number>().map_or_else(|_| json!(text), Value::Number)
                }
                Some(text) => json!(text),
            };
            // Columns without a name or with a duplicate one are named by position.
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

/// One record; NULL is an empty field, and an empty text a pair of quotes.
fn csv_record<'a>(values: impl Iterator<Item = Option<&'a str>>) -> String {
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
        rows.set_columns(vec![
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
        assert_eq!(rows(Format::Table).format_row(&row()), " 7  a, \"b\" c  NULL\n");
        assert_eq!(rows(Format::Csv).format_row(&row()), "7,\"a, \"\"b\"\"\nc\",\n");
        assert_eq!(
            rows(Format::Json).json_object(&row()),
            json!({ "id": 7, "name": "a, \"b\"\nc", "column3": null })
        );
        assert_eq!(rows(Format::Csv).header(), "id,name,\"\"\n");
        assert_eq!(rows(Format::Table).header(), "id  name\n--  ----  -\n");
    }

    #[test]
    fn a_column_is_as_wide_as_its_widest_value_but_one_value_does_not_fill_the_screen() {
        let rows = rows(Format::Table);
        assert_eq!(rows.column_widths(&[]), [2, 4, 1]);
        let long = vec![Some("70000".into()), Some("x".repeat(1000)), None];
        assert_eq!(rows.column_widths(&[row(), long]), [5, MAX_WIDTH, 4]);
    }
}
