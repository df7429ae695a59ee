using Antrea.Migration.CalicoApi.Policies;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>The selector language: the vectors of Calico's own parser, its truth table, and that printing and reading are inverse.</summary>
public sealed class CalicoSelectorTests
{
    private static IEnumerable<TestCaseData> Accepted() => Cases(
        ("", "all()"),
        (" ", "all()"),
        ("all( )", "all()"),
        ("a=='b'&&b=='c'||c=='d'", "((a == \"b\" && b == \"c\") || c == \"d\")"),
        ("a == 'x' || b == 'y' && c == 'z'", "(a == \"x\" || (b == \"y\" && c == \"z\"))"),
        ("!a == 'x' && b == 'y'", "(!a == \"x\" && b == \"y\")"),
        ("!!has(a)", "has(a)"),
        ("!!!has(a)", "!has(a)"),
        ("has( a/b.c_d-e )", "has(a/b.c_d-e)"),
        ("a in {}", "a in {}"),
        ("a not in {}", "a not in {}"),
        ("a in {'x',}", "a in {\"x\"}"),
        ("k in { 'b', 'a', 'a' }", "k in {\"a\", \"b\"}"),
        ("a in{'x'}", "a in {\"x\"}"),
        ("a notin{'x'}", "a not in {\"x\"}"),
        ("a not\tin {'x'}", "a not in {\"x\"}"),
        ("a startswith'x'", "a starts with \"x\""),
        ("a ends \t with 'x'", "a ends with \"x\""),
        ("a contains'x'", "a contains \"x\""),
        ("((a == 'x'))", "a == \"x\""),
        ("a == 'say \"hi\"'", "a == 'say \"hi\"'"),
        ("a == \"it's\"", "a == \"it's\""),
        ("in in {'in'}", "in in {\"in\"}"),
        ("not not in {'x'}", "not not in {\"x\"}"),
        ("all == 'x'", "all == \"x\""),
        ("has == 'x'", "has == \"x\""),
        ("1 == '2'", "1 == \"2\""),
        ("//. == 'x'", "//. == \"x\""),
        ("a == ''", "a == \"\""),
        ("a == 'é'", "a == \"é\""),
        ("a == 'line\nbreak'", "a == \"line\nbreak\""),
        ("!(has(b) || !has(a))", "!(has(b) || !has(a))"),
        ("(a == '1' && b == '2') && c == '3'", "((a == \"1\" && b == \"2\") && c == \"3\")"),
        ("a == '1' && b == '2' && c == '3'", "(a == \"1\" && b == \"2\" && c == \"3\")"),
        ("global()", "global()"),
        (new string('k', 512) + " == 'x'", new string('k', 512) + " == \"x\""));

    private static IEnumerable<TestCaseData> Rejected() => Cases(
        ("\n", 1),
        ("a == \"b\"\n", 9),
        ("a = 'x'", 3),
        ("a == x", 6),
        ("'a' == 'x'", 1),
        ("a == 'x' and b == 'y'", 14),
        ("a == 'x' b == 'y'", 10),
        ("has (a)", 5),
        ("HAS(a)", 4),
        ("has()", 5),
        ("has(a", 6),
        ("All()", 4),
        ("all ()", 5),
        ("all", 4),
        ("a:b == 'x'", 2),
        ("a@b == 'x'", 2),
        ("é == 'x'", 1),
        ("%", 1),
        ("a in {,}", 7),
        ("a in {'x' 'y'}", 11),
        ("a in ('x')", 6),
        ("a in 'x'", 6),
        ("a inx {'y'}", 3),
        ("a in.x {'y'}", 3),
        ("a containsx 'y'", 3),
        ("a == 'x\\'y'", 11),
        ("a contains 'x", 12),
        ("(a == 'x'", 10),
        ("a == 'x')", 9),
        ("()", 2),
        ("!", 2),
        ("a == 'x' &&", 12),
        ("a == 'x' # c", 10),
        ("a, b", 2),
        ("a", 2),
        ("has(a)has(b)", 7),
        ("a & b", 3),
        ("a | b", 3),
        ("a\n== 'x'", 2),
        ("has(\na)", 5),
        ("a not\nin {'x'}", 3),
        (new string('k', 513) + " == 'x'", 1));

    private static IEnumerable<TestCaseData> Cases<T>(params (string Text, T Expected)[] cases) =>
        cases.Select(c => new TestCaseData(c.Text, c.Expected)
            .SetArgDisplayNames(c.Text.Length > 40 ? $"{c.Text.Length} characters" : c.Text.ReplaceLineEndings("\\n")));

    [TestCaseSource(nameof(Accepted))]
    public void ToString_AcceptedText_IsCanonical(string text, string canonical)
    {
        var selector = CalicoSelector.Parse(text);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(selector.ToString(), Is.EqualTo(canonical));
            Assert.That(CalicoSelector.Parse(canonical), Is.EqualTo(selector));
        }
    }

    [TestCaseSource(nameof(Rejected))]
    public void TryParse_RejectedText_NamesTheColumn(string text, int column)
    {
        Assert.That(CalicoSelector.TryParse(text, out var selector, out var error), Is.False, () => selector!.ToString());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error!.Column, Is.EqualTo(column), error.Message);
            Assert.That(() => CalicoSelector.Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains($"column {column}"));
        }
    }

    [TestCase("k == 'v'", false, true, false)]
    [TestCase("k != 'v'", true, false, true)]
    [TestCase("k in {'v', 'u'}", false, true, false)]
    [TestCase("k in {}", false, false, false)]
    [TestCase("k not in {'v'}", true, false, true)]
    [TestCase("k not in {}", true, true, true)]
    [TestCase("k contains 'v'", false, true, true)]
    [TestCase("k contains ''", false, true, true)]
    [TestCase("k starts with 'v'", false, true, true)]
    [TestCase("k ends with 'x'", false, false, true)]
    [TestCase("has(k)", false, true, true)]
    [TestCase("!has(k)", true, false, false)]
    [TestCase("!k == 'v'", true, false, true)]
    [TestCase("all()", true, true, true)]
    [TestCase("global()", true, true, true)]
    [TestCase("!all()", false, false, false)]
    [TestCase("k == 'V'", false, false, false)]
    public void Matches_MissingEqualAndOtherValue_FollowsTheTruthTable(string text, bool missing, bool equal, bool other)
    {
        var selector = CalicoSelector.Parse(text);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(selector.Matches(new Dictionary<string, string>()), Is.EqualTo(missing), "missing");
            Assert.That(selector.Matches(new Dictionary<string, string> { ["k"] = "v" }), Is.EqualTo(equal), "v");
            Assert.That(selector.Matches(new Dictionary<string, string> { ["k"] = "vx" }), Is.EqualTo(other), "vx");
        }
    }

    [Test]
    public void Parse_DeepParentheses_AreRefusedBeforeTheStackEnds()
    {
        var deep = new string('(', 100_000) + "a == 'x'" + new string(')', 100_000);
        Assert.That(CalicoSelector.TryParse(deep, out _, out var error), Is.False);
        Assert.That(error!.Message, Does.Contain("parentheses"));
    }

    [Test]
    public void Parse_HugeSelector_IsRefusedByLength()
    {
        Assert.That(CalicoSelector.TryParse(new string(' ', CalicoSelector.MaxLength + 1), out _, out var error), Is.False);
        Assert.That(error!.Message, Does.Contain("limit"));
    }

    [Test]
    public void Canonical_SetsAreSortedByBytes_NotByUtf16Units()
    {
        // U+FFFD sorts before U+1F600 as UTF-8 and behind it as UTF-16.
        Assert.That(CalicoSelector.Parse("k in {'\U0001F600', '\uFFFD'}").ToString(), Is.EqualTo("k in {\"\uFFFD\", \"\U0001F600\"}"));
    }

    [Test]
    public void Parse_OfToString_IsTheSameSelector() => SelectorGen.Expression.Sample(expression =>
    {
        var parsed = CalicoSelector.Parse(expression.ToString());
        return parsed.ToString() == CalicoSelector.Parse(parsed.ToString()).ToString();
    });

    [Test]
    public void Parse_AnyText_AnswersWithoutThrowing() => Gen.String[Gen.Char["ab'\"(){}!=&|, \t\nhasinot"], 0, 30].Sample(text =>
    {
        var accepted = CalicoSelector.TryParse(text, out var selector, out var error);
        return accepted ? selector is not null && error is null : error is not null && error.Column >= 1 && error.Column <= text.Length + 1;
    });

    [TestCase("all()", "s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug")]
    [TestCase("!(has(b) || !has(a))", "s:Iss0uCleLYv1GSv_pNm7hAO58kE9jAx1NKyG3Q")]
    public void UniqueId_OfASelector_IsCalicos(string text, string expected) =>
        Assert.That(CalicoSelector.Parse(text).UniqueId, Is.EqualTo(expected));

    [TestCase("a not\nin {'x'}", "a not in {\"x\"}")]
    [TestCase("a starts\r\nwith 'x'", "a starts with \"x\"")]
    [TestCase("has(\n a\f)", "has(a)")]
    [TestCase("a ==\n'x'", null)]
    [TestCase("all(\n)", null)]
    [TestCase("a == 'x'\n", null)]
    public void TryParse_LineBreak_IsABlankOnlyWhereOldReleasesTookIt(string text, string? old)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(CalicoSelector.TryParse(text, out _, out _), Is.False);
            Assert.That(CalicoSelector.TryParse(text, lineBreaks: true, out var selector, out _), Is.EqualTo(old is not null));
            Assert.That(selector?.ToString(), Is.EqualTo(old));
        }
    }

    [Test]
    public void Matches_SetOfManyValues_IsWhatTheValuesSay()
    {
        var selector = CalicoSelector.Parse($"k not in {{{string.Join(", ", Enumerable.Range(0, 20_000).Select(i => $"'v{i}'"))}}}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(selector.Matches(new Dictionary<string, string> { ["k"] = "v19999" }), Is.False);
            Assert.That(selector.Matches(new Dictionary<string, string> { ["k"] = "v20000" }), Is.True);
            Assert.That(selector.Matches(new Dictionary<string, string>()), Is.True);
        }
    }

    [Test]
    public void Parse_LongChainsAndManySigns_AreRead()
    {
        var chain = CalicoSelector.Parse(string.Join(" || ", Enumerable.Repeat("!!!has(a)", 15_000)));
        var signs = CalicoSelector.Parse(new string('!', 200_001) + "has(a)");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(chain.Matches(new Dictionary<string, string>()), Is.True);
            Assert.That(signs.ToString(), Is.EqualTo("!has(a)"));
        }
    }
}
