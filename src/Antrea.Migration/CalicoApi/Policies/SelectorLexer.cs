using System.Buffers;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>Cuts a selector into tokens, by the rules of Calico's hand-written tokenizer (v3.30 and later).</summary>
/// <remarks>Only space and TAB separate; operator words count as such only straight behind a label key; <c>has(</c>,
/// <c>all(</c> and <c>global(</c> need the parenthesis glued on.</remarks>
/// <param name="input">The selector.</param>
/// <param name="lineBreaks">Whether line breaks count as blanks within an operator of two words and within <c>has( )</c>, as up to v3.29.</param>
internal sealed class SelectorLexer(string input, bool lineBreaks)
{
    /// <summary>The longest label key, in bytes (keys are ASCII, so also in characters).</summary>
    public const int MaxKeyLength = 512;

    private static readonly SearchValues<char> KeyCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-");

    private static readonly (string First, string Second, SelectorTokenKind Kind)[] Words =
    [
        ("contains", "", SelectorTokenKind.Contains),
        ("starts", "with", SelectorTokenKind.StartsWith),
        ("ends", "with", SelectorTokenKind.EndsWith),
        ("in", "", SelectorTokenKind.In),
        ("not", "in", SelectorTokenKind.NotIn),
    ];

    private readonly List<SelectorToken> _tokens = [];
    private int _at;

    /// <summary>All tokens, the last one <see cref="SelectorTokenKind.End"/>; or null and the reason.</summary>
    public List<SelectorToken>? Tokenize(out CalicoSelectorError? error)
    {
        error = null;
        while (error is null)
        {
            SkipBlanks();
            if (_at == input.Length)
            {
                _tokens.Add(new SelectorToken(SelectorTokenKind.End, "", _at + 1));
                return _tokens;
            }

            error = _tokens is [.., { Kind: SelectorTokenKind.Key }] && KeyCharacters.Contains(input[_at])
                ? ReadOperatorWord()
                : ReadToken();
        }

        return null;
    }

    private CalicoSelectorError? ReadToken() => input[_at] switch
    {
        '(' => Add(SelectorTokenKind.LeftParenthesis, 1),
        ')' => Add(SelectorTokenKind.RightParenthesis, 1),
        '{' => Add(SelectorTokenKind.LeftBrace, 1),
        '}' => Add(SelectorTokenKind.RightBrace, 1),
        ',' => Add(SelectorTokenKind.Comma, 1),
        '"' or '\'' => ReadText(),
        '=' => At("==") ? Add(SelectorTokenKind.Equal, 2) : Error(_at, "a single '='; equality is '=='"),
        '!' => At("!=") ? Add(SelectorTokenKind.NotEqual, 2) : Add(SelectorTokenKind.Not, 1),
        '&' => At("&&") ? Add(SelectorTokenKind.And, 2) : Error(_at, "a single '&'; conjunction is '&&'"),
        '|' => At("||") ? Add(SelectorTokenKind.Or, 2) : Error(_at, "a single '|'; disjunction is '||'"),
        '\n' or '\r' or '\f' => Error(_at, "a line break; only spaces and TABs may separate tokens"),
        var other when !KeyCharacters.Contains(other) => Error(_at, $"the character '{other}' has no meaning in a selector"),
        _ when At("has(") => ReadHas(),
        _ when At("all(") => ReadEmptyCall(SelectorTokenKind.All, "all("),
        _ when At("global(") => ReadEmptyCall(SelectorTokenKind.Global, "global("),
        _ => ReadKey(SelectorTokenKind.Key, _at),
    };

    private CalicoSelectorError? ReadText()
    {
        var start = _at;
        var end = input.IndexOf(input[start], start + 1);
        if (end < 0)
        {
            return Error(start, "a text without its closing quote");
        }

        _tokens.Add(new SelectorToken(SelectorTokenKind.Text, input[(start + 1)..end], start + 1));
        _at = end + 1;
        return null;
    }

    private CalicoSelectorError? ReadKey(SelectorTokenKind kind, int start)
    {
        var first = _at;
        while (_at < input.Length && KeyCharacters.Contains(input[_at]))
        {
            _at++;
        }

        if (_at - first > MaxKeyLength)
        {
            return Error(first, $"a label key of {_at - first} characters; the limit is {MaxKeyLength}");
        }

        if (_at == first)
        {
            return Error(first, "a label key is missing");
        }

        _tokens.Add(new SelectorToken(kind, input[first.._at], start + 1));
        return null;
    }

    private CalicoSelectorError? ReadHas()
    {
        var start = _at;
        _at += "has(".Length;
        SkipBlanks(lineBreaks);
        var error = ReadKey(SelectorTokenKind.Has, start);
        return error ?? CloseCall(lineBreaks);
    }

    private CalicoSelectorError? ReadEmptyCall(SelectorTokenKind kind, string text)
    {
        _tokens.Add(new SelectorToken(kind, text + ")", _at + 1));
        _at += text.Length;
        return CloseCall(withLineBreaks: false);
    }

    private CalicoSelectorError? CloseCall(bool withLineBreaks)
    {
        SkipBlanks(withLineBreaks);
        if (_at == input.Length || input[_at] != ')')
        {
            return Error(_at, "a ')' is missing");
        }

        _at++;
        return null;
    }

    private CalicoSelectorError? ReadOperatorWord()
    {
        foreach (var (first, second, kind) in Words)
        {
            if (!At(first))
            {
                continue;
            }

            var end = _at + first.Length;
            if (second.Length > 0)
            {
                while (end < input.Length && IsBlank(input[end], lineBreaks))
                {
                    end++;
                }

                if (string.CompareOrdinal(input, end, second, 0, second.Length) != 0)
                {
                    continue;
                }

                end += second.Length;
            }

            if (end == input.Length || !KeyCharacters.Contains(input[end]))
            {
                return Add(kind, end - _at);
            }
        }

        return Error(_at, "an operator must follow the label key");
    }

    private CalicoSelectorError? Add(SelectorTokenKind kind, int length)
    {
        _tokens.Add(new SelectorToken(kind, input.Substring(_at, length), _at + 1));
        _at += length;
        return null;
    }

    private bool At(string text) => string.CompareOrdinal(input, _at, text, 0, text.Length) == 0;

    private void SkipBlanks(bool withLineBreaks = false)
    {
        while (_at < input.Length && IsBlank(input[_at], withLineBreaks))
        {
            _at++;
        }
    }

    private static bool IsBlank(char c, bool orLineBreak) => c is ' ' or '\t' || (orLineBreak && c is '\n' or '\r' or '\f');

    private static CalicoSelectorError Error(int at, string message) => new(at + 1, message);
}
