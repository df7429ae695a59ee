using System.Collections.Immutable;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>Builds the tree of a selector by recursive descent: <c>||</c> binds loosest, then <c>&amp;&amp;</c>, then <c>!</c>.</summary>
internal sealed class SelectorParser(List<SelectorToken> tokens)
{
    /// <summary>How deep parentheses may nest: Calico has no limit of its own, a stack has.</summary>
    public const int MaxNesting = 200;

    private int _at;
    private int _nesting;
    private CalicoSelectorError? _error;

    private SelectorToken Current => tokens[_at];

    /// <summary>The tree, or null and the reason.</summary>
    public static SelectorExpression? Parse(string text, bool lineBreaks, out CalicoSelectorError? error)
    {
        var tokens = new SelectorLexer(text, lineBreaks).Tokenize(out error);
        if (tokens is null)
        {
            return null;
        }

        if (tokens.Count == 1)
        {
            return new SelectorExpression.All();
        }

        var parser = new SelectorParser(tokens);
        var expression = parser.ParseChain(SelectorTokenKind.Or);
        if (expression is not null && parser.Current.Kind != SelectorTokenKind.End)
        {
            expression = parser.Fail($"{parser.Current} follows a complete selector");
        }

        error = parser._error;
        return expression;
    }

    private SelectorExpression? ParseChain(SelectorTokenKind separator)
    {
        var isAnd = separator == SelectorTokenKind.And;
        var operands = ImmutableArray.CreateBuilder<SelectorExpression>();
        while (true)
        {
            if ((isAnd ? ParseUnary() : ParseChain(SelectorTokenKind.And)) is not { } operand)
            {
                return null;
            }

            operands.Add(operand);
            if (Current.Kind != separator)
            {
                return operands.Count == 1 ? operand : new SelectorExpression.Chain(isAnd, operands.ToImmutable());
            }

            _at++;
        }
    }

    private SelectorExpression? ParseUnary()
    {
        var negated = false;
        while (Current.Kind == SelectorTokenKind.Not)
        {
            negated = !negated;
            _at++;
        }

        var operand = ParsePrimary();
        return negated && operand is not null ? new SelectorExpression.Not(operand) : operand;
    }

    private SelectorExpression? ParsePrimary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case SelectorTokenKind.Has:
                _at++;
                return new SelectorExpression.Has(token.Value);
            case SelectorTokenKind.All:
                _at++;
                return new SelectorExpression.All();
            case SelectorTokenKind.Global:
                _at++;
                return new SelectorExpression.Global();
            case SelectorTokenKind.LeftParenthesis:
                return ParseParenthesised();
            case SelectorTokenKind.Key:
                _at++;
                return ParseComparison(token.Value);
            default:
                return Fail($"{token} where a label key, 'has(', 'all()', 'global()', '!' or '(' belongs");
        }
    }

    private SelectorExpression? ParseParenthesised()
    {
        if (++_nesting > MaxNesting)
        {
            return Fail($"more than {MaxNesting} parentheses inside each other");
        }

        _at++;
        if (ParseChain(SelectorTokenKind.Or) is not { } inner)
        {
            return null;
        }

        if (Current.Kind != SelectorTokenKind.RightParenthesis)
        {
            return Fail($"{Current} where ')' belongs");
        }

        _at++;
        _nesting--;
        return inner;
    }

    private SelectorExpression? ParseComparison(string key)
    {
        var kind = Current.Kind;
        switch (kind)
        {
            case SelectorTokenKind.Equal or SelectorTokenKind.NotEqual:
                return ParseText() is { } value
                    ? new SelectorExpression.Comparison(key, value, kind == SelectorTokenKind.NotEqual)
                    : null;
            case SelectorTokenKind.Contains:
                return ParseText() is { } part ? new SelectorExpression.TextMatch(key, TextOperator.Contains, part) : null;
            case SelectorTokenKind.StartsWith:
                return ParseText() is { } prefix ? new SelectorExpression.TextMatch(key, TextOperator.StartsWith, prefix) : null;
            case SelectorTokenKind.EndsWith:
                return ParseText() is { } suffix ? new SelectorExpression.TextMatch(key, TextOperator.EndsWith, suffix) : null;
            case SelectorTokenKind.In or SelectorTokenKind.NotIn:
                return ParseSet() is { } values
                    ? new SelectorExpression.Membership(key, values, kind == SelectorTokenKind.NotIn)
                    : null;
            default:
                return Fail($"{Current} where an operator belongs, behind the label key '{key}'");
        }
    }

    /// <summary>Steps over the operator and reads the text behind it.</summary>
    private string? ParseText()
    {
        _at++;
        if (Current.Kind != SelectorTokenKind.Text)
        {
            Fail($"{Current} where a text in quotes belongs");
            return null;
        }

        return tokens[_at++].Value;
    }

    /// <summary>Steps over the operator and reads the set behind it; one comma may trail.</summary>
    private List<string>? ParseSet()
    {
        _at++;
        if (Current.Kind != SelectorTokenKind.LeftBrace)
        {
            Fail($"{Current} where '{{' belongs");
            return null;
        }

        _at++;
        var values = new List<string>();
        while (Current.Kind == SelectorTokenKind.Text)
        {
            values.Add(tokens[_at++].Value);
            if (Current.Kind != SelectorTokenKind.Comma)
            {
                break;
            }

            _at++;
        }

        if (Current.Kind != SelectorTokenKind.RightBrace)
        {
            Fail($"{Current} where '}}' belongs");
            return null;
        }

        _at++;
        return values;
    }

    private SelectorExpression? Fail(string message)
    {
        _error ??= new CalicoSelectorError(Current.Column, message);
        return null;
    }
}
