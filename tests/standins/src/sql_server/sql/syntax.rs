//! What a batch says, once parsed.

use std::time::Duration;

use crate::sql_server::value::{SqlType, Value};

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) enum Statement {
    Select(Select),
    Declare(Vec<(String, SqlType, Option<Expression>)>),
    Assign(String, Expression),
    /// `SET …` of a session option: its words, in upper case.
    SetOption(Vec<String>),
    Begin,
    Commit,
    /// The name of a savepoint, if one was named.
    Rollback(Option<String>),
    Save,
    Use(String),
    WaitFor(Duration),
    Print(Expression),
    RaiseError {
        message: Expression,
        class: Expression,
        state: Expression,
    },
    Throw {
        number: Expression,
        message: Expression,
        state: Expression,
    },
    If {
        condition: Expression,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    Execute {
        procedure: String,
        arguments: Vec<(Option<String>, Expression)>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct Select {
    pub(in crate::sql_server) top: Option<Expression>,
    pub(in crate::sql_server) items: Vec<Item>,
    pub(in crate::sql_server) from: Option<Source>,
    /// `LEFT JOIN … ON …`
    pub(in crate::sql_server) joins: Vec<(Source, Expression)>,
    pub(in crate::sql_server) condition: Option<Expression>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) enum Item {
    Everything,
    Column {
        name: Option<String>,
        expression: Expression,
    },
    /// `SELECT @x = …`
    Assign(String, Expression),
}

/// A table, view or table-valued function.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) struct Source {
    /// With dots, in lower case, without quotes.
    pub(in crate::sql_server) name: String,
    /// As the error text quotes it.
    pub(in crate::sql_server) written: String,
    pub(in crate::sql_server) arguments: Vec<Expression>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::sql_server) enum Expression {
    Literal(Value),
    /// `@name`, in lower case.
    Variable(String),
    /// `@@NAME`, in upper case without the signs.
    Global(String),
    /// The last part of a column's name.
    Column(String),
    /// In upper case.
    Call(String, Vec<Expression>),
    Cast(Box<Expression>, SqlType),
    Negative(Box<Expression>),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    IsNull(Box<Expression>, bool),
    In(Box<Expression>, Vec<Expression>, bool),
    Case {
        operand: Option<Box<Expression>>,
        branches: Vec<(Expression, Expression)>,
        otherwise: Option<Box<Expression>>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sql_server) enum Operator {
    Or,
    And,
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    BitAnd,
    BitOr,
}
