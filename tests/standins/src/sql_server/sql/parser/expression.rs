//! Expressions, loosest operator first.

use super::Parser;
use crate::sql_server::sql::lexer::Token;
use crate::sql_server::sql::syntax::{Case, Cast, Expression, Operator, Select};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::convert::parse_decimal;
use crate::sql_server::value::{Datum, SqlType, Value};

const COMPARISONS: [(&str, Operator); 9] = [
    ("=", Operator::Equal),
    ("<>", Operator::Different),
    ("!=", Operator::Different),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("!<", Operator::GreaterOrEqual),
    ("!>", Operator::LessOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];
const SUMS: [(&str, Operator); 4] = [
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("&", Operator::BitAnd),
    ("|", Operator::BitOr),
];
const PRODUCTS: [(&str, Operator); 3] = [
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Remainder),
];

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.conjunction()?;
        while self.word_if("OR") {
            self.nest()?;
            left = binary(Operator::Or, left, self.conjunction()?);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.negation()?;
        while self.word_if("AND") {
            self.nest()?;
            left = binary(Operator::And, left, self.negation()?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expression, SqlError> {
        if self.word_if("NOT") {
            self.nest()?;
            return Ok(Expression::Not(Box::new(self.negation()?)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression, SqlError> {
        let left = self.sum()?;
        if let Some(operator) = self.operator(&COMPARISONS) {
            return Ok(binary(operator, left, self.sum()?));
        }
        if self.word_if("IS") {
            let not = self.word_if("NOT");
            self.word("NULL")?;
            return Ok(Expression::IsNull(Box::new(left), not));
        }
        let not = self.word_if("NOT");
        if self.word_if("BETWEEN") {
            let low = self.sum()?;
            self.word("AND")?;
            let high = self.sum()?;
            let between = binary(
                Operator::And,
                binary(Operator::GreaterOrEqual, left.clone(), low),
                binary(Operator::LessOrEqual, left, high),
            );
            return Ok(negated(between, not));
        }
        if self.word_if("IN") {
            self.symbol("(")?;
            if self.at_word("SELECT") {
                let query = self.query_in_parentheses()?;
                return Ok(Expression::InQuery(Box::new(left), Box::new(query), not));
            }
            let list = self.arguments()?;
            return Ok(Expression::In(Box::new(left), list, not));
        }
        if self.word_if("LIKE") {
            let pattern = self.sum()?;
            let like = if self.word_if("ESCAPE") {
                Expression::Call("LIKE".to_owned(), vec![left, pattern, self.sum()?])
            } else {
                binary(Operator::Like, left, pattern)
            };
            return Ok(negated(like, not));
        }
        if not {
            return Err(self.error());
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.product()?;
        while let Some(operator) = self.operator(&SUMS) {
            self.nest()?;
            left = binary(operator, left, self.product()?);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.unary()?;
        while let Some(operator) = self.operator(&PRODUCTS) {
            self.nest()?;
            left = binary(operator, left, self.unary()?);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, SqlError> {
        if self.symbol_if("-") {
            self.nest()?;
            return Ok(Expression::Negative(Box::new(self.unary()?)));
        }
        self.symbol_if("+");
        let expression = self.primary()?;
        // One collation for all.
        if self.word_if("COLLATE") {
            self.name()?;
        }
        Ok(expression)
    }

    fn operator(&mut self, known: &[(&str, Operator)]) -> Option<Operator> {
        let (_, operator) = known.iter().find(|(symbol, _)| self.at_symbol(symbol))?;
        self.at += 1;
        Some(*operator)
    }

    pub(super) fn primary(&mut self) -> Result<Expression, SqlError> {
        match self.peek().cloned() {
            Some(Token::Symbol("(")) => {
                self.at += 1;
                self.nest()?;
                if self.at_word("SELECT") {
                    return Ok(Expression::Query(Box::new(self.query_in_parentheses()?)));
                }
                let expression = self.expression()?;
                self.symbol(")")?;
                Ok(expression)
            }
            Some(Token::Number(digits)) => {
                self.at += 1;
                numeric(&digits).ok_or_else(|| self.error())
            }
            Some(Token::Text { content, national }) => {
                self.at += 1;
                Ok(Expression::Literal(if national {
                    Value::nvarchar(&content)
                } else {
                    Value::varchar(&content)
                }))
            }
            Some(Token::Binary(bytes)) => {
                self.at += 1;
                Ok(Expression::Literal(Value::binary(bytes)))
            }
            Some(Token::Variable(name)) => {
                self.at += 1;
                Ok(match name.strip_prefix("@@") {
                    Some(global) => Expression::Global(global.to_uppercase()),
                    None => Expression::Variable(name.to_lowercase()),
                })
            }
            Some(Token::Word(word)) => self.word_expression(&word.to_uppercase()),
            Some(Token::Quoted(_)) => self.named(),
            _ => Err(self.error()),
        }
    }

    fn word_expression(&mut self, word: &str) -> Result<Expression, SqlError> {
        let at_call = matches!(self.peek_after(), Some(Token::Symbol("(")));
        match word {
            "NULL" => {
                self.at += 1;
                // What the real server takes a bare NULL for.
                Ok(Expression::Literal(Value::null(SqlType::Int)))
            }
            // Names a parameter's default, as in fn_listextendedproperty(default, …).
            "DEFAULT" => {
                self.at += 1;
                Ok(Expression::Literal(Value::null(SqlType::Int)))
            }
            "CASE" => {
                self.at += 1;
                self.case()
            }
            "EXISTS" if at_call => {
                self.at += 2;
                Ok(Expression::Exists(Box::new(self.query_in_parentheses()?)))
            }
            "CAST" | "TRY_CAST" if at_call => {
                self.at += 2;
                self.nest()?;
                let inner = self.expression()?;
                self.word("AS")?;
                let sql_type = self.sql_type()?;
                self.symbol(")")?;
                Ok(Expression::Cast(Box::new(Cast {
                    inner,
                    sql_type,
                    style: None,
                    or_null: word == "TRY_CAST",
                })))
            }
            "CONVERT" | "TRY_CONVERT" if at_call => {
                self.at += 2;
                self.nest()?;
                let sql_type = self.sql_type()?;
                self.symbol(",")?;
                let inner = self.expression()?;
                let style = if self.symbol_if(",") {
                    Some(self.expression()?)
                } else {
                    None
                };
                self.symbol(")")?;
                Ok(Expression::Cast(Box::new(Cast {
                    inner,
                    sql_type,
                    style,
                    or_null: word == "TRY_CONVERT",
                })))
            }
            // Their first argument is a word: day, month, …
            "DATEADD" | "DATEDIFF" | "DATEDIFF_BIG" | "DATEPART" | "DATENAME" if at_call => {
                self.at += 2;
                let part = Expression::Literal(Value::varchar(&self.name()?));
                self.symbol(",")?;
                let mut arguments = self.arguments()?;
                arguments.insert(0, part);
                Ok(Expression::Call(word.to_owned(), arguments))
            }
            "COUNT" | "COUNT_BIG" | "SUM" | "AVG" | "MIN" | "MAX"
                if at_call
                    && matches!(self.tokens.get(self.at + 2), Some(Token::Word(word)) if word.eq_ignore_ascii_case("DISTINCT")) =>
            {
                self.at += 3;
                Ok(Expression::Call(format!("{word} DISTINCT"), self.arguments()?))
            }
            // Functions written without parentheses.
            "CURRENT_USER" | "SESSION_USER" | "SYSTEM_USER" | "USER" | "CURRENT_TIMESTAMP" if !at_call => {
                self.at += 1;
                Ok(Expression::Call(word.to_owned(), Vec::new()))
            }
            // A clause where an expression is due is an error, not a column.
            "FROM" | "WHERE" | "ORDER" | "SELECT" | "AS" | "WHEN" | "THEN" | "ELSE" | "END" => {
                Err(self.error())
            }
            _ => self.named(),
        }
    }

    /// A column, or a call.
    fn named(&mut self) -> Result<Expression, SqlError> {
        let mut parts = self.qualified_name()?;
        let name = parts.pop().unwrap_or_default();
        if self.symbol_if("(") {
            return Ok(Expression::Call(name.to_uppercase(), self.arguments()?));
        }
        let qualifier = parts.pop();
        Ok(Expression::Column { qualifier, name })
    }

    /// A query whose opening parenthesis is taken.
    pub(super) fn query_in_parentheses(&mut self) -> Result<Select, SqlError> {
        self.nest()?;
        self.word("SELECT")?;
        let query = self.select()?;
        self.symbol(")")?;
        Ok(query)
    }

    /// What stands in parentheses; the opening one is taken.
    pub(super) fn arguments(&mut self) -> Result<Vec<Expression>, SqlError> {
        self.nest()?;
        let mut arguments = Vec::new();
        if self.symbol_if(")") {
            return Ok(arguments);
        }
        loop {
            // COUNT(*)
            if self.symbol_if("*") {
                arguments.push(Expression::Literal(Value::int(1)));
            } else {
                let nested = self.nested;
                arguments.push(self.expression()?);
                self.nested = nested;
            }
            if !self.symbol_if(",") {
                self.symbol(")")?;
                return Ok(arguments);
            }
        }
    }

    fn case(&mut self) -> Result<Expression, SqlError> {
        let operand = if self.at_word("WHEN") {
            None
        } else {
            Some(self.expression()?)
        };
        self.nest()?;
        let mut branches = Vec::new();
        while self.word_if("WHEN") {
            let when = self.expression()?;
            self.word("THEN")?;
            branches.push((when, self.expression()?));
        }
        let otherwise = if self.word_if("ELSE") {
            Some(self.expression()?)
        } else {
            None
        };
        self.word("END")?;
        if branches.is_empty() {
            return Err(self.error());
        }
        Ok(Expression::Case(Box::new(Case {
            operand,
            branches,
            otherwise,
            sql_type: None,
        })))
    }
}

fn negated(expression: Expression, not: bool) -> Expression {
    if not {
        Expression::Not(Box::new(expression))
    } else {
        expression
    }
}

fn binary(operator: Operator, left: Expression, right: Expression) -> Expression {
    Expression::Binary(operator, Box::new(left), Box::new(right))
}

/// Whole numbers are int if they fit, else numeric; a point makes numeric, an exponent float.
fn numeric(digits: &str) -> Option<Expression> {
    if digits.contains(['e', 'E']) {
        return digits.parse().ok().map(Value::float).map(Expression::Literal);
    }
    if let Ok(value) = digits.parse() {
        return Some(Expression::Literal(Value::int(value)));
    }
    let (value, precision, scale) = parse_decimal(digits, None)?;
    Some(Expression::Literal(Value {
        sql_type: SqlType::Decimal { precision, scale },
        datum: Datum::Decimal(value),
    }))
}
