using Antrea.Migration.Connectivity;
using CsCheck;

namespace Antrea.Migration.Tests.Connectivity;

public class GoDurationTests
{
    [TestCase(0, "0s")]
    [TestCase(1, "1ns")]
    [TestCase(999, "999ns")]
    [TestCase(1_000, "1µs")]
    [TestCase(1_500, "1.5µs")]
    [TestCase(999_999, "999.999µs")]
    [TestCase(1_000_000, "1ms")]
    [TestCase(2_200_000, "2.2ms")]
    [TestCase(200_000_000, "200ms")]
    [TestCase(999_999_999, "999.999999ms")]
    [TestCase(1_000_000_000, "1s")]
    [TestCase(1_000_000_001, "1.000000001s")]
    [TestCase(20_248_457_447, "20.248457447s")]
    [TestCase(20_250_000_000, "20.25s")]
    [TestCase(60_000_000_000, "1m0s")]
    [TestCase(60_500_000_000, "1m0.5s")]
    [TestCase(3_600_000_000_000, "1h0m0s")]
    [TestCase(5_025_000_000_000, "1h23m45s")]
    [TestCase(360_000_000_000_000, "100h0m0s")]
    [TestCase(-1_500_000, "-1.5ms")]
    [TestCase(-90_000_000_000, "-1m30s")]
    [TestCase(long.MaxValue, "2562047h47m16.854775807s")]
    [TestCase(long.MinValue, "-2562047h47m16.854775808s")]
    public void ToString_IsGos(long nanoseconds, string text) =>
        Assert.That(new GoDuration(nanoseconds).ToString(), Is.EqualTo(text));

    [TestCase("0", 0)]
    [TestCase("+5s", 5_000_000_000)]
    [TestCase("1.5h", 5_400_000_000_000)]
    [TestCase("1m30s", 90_000_000_000)]
    [TestCase(".5s", 500_000_000)]
    [TestCase("1.s", 1_000_000_000)]
    [TestCase("3us", 3_000)]
    [TestCase("3\u03BCs", 3_000)]
    [TestCase("0.33333333333333333333h", 1_200_000_000_000 - 1)]
    [TestCase("-2562047h47m16.854775808s", long.MinValue)]
    public void Parse_ReadsWhatGoReads(string text, long nanoseconds) =>
        Assert.That(GoDuration.Parse(text).Nanoseconds, Is.EqualTo(nanoseconds));

    [TestCase("", "number with a unit")]
    [TestCase("-", "number with a unit")]
    [TestCase("200", "expected ns, us, µs, ms, s, m or h at column 4")]
    [TestCase("1x", "expected ns, us, µs, ms, s, m or h at column 2")]
    [TestCase("1s2", "expected ns, us, µs, ms, s, m or h at column 4")]
    [TestCase(".s", "expected a number at column 1")]
    [TestCase("s", "expected a number at column 1")]
    [TestCase(" 1s", "expected a number at column 1")]
    [TestCase("2562047h47m16.854775808s", "too long")]
    [TestCase("99999999999999999999999999999999999999999999h", "too long")]
    public void Parse_OfSomethingElse_SaysWhatAndWhere(string text, string expected) =>
        Assert.That(
            () => GoDuration.Parse(text),
            Throws.InstanceOf<FormatException>().With.Message.Contains(expected).And.Message.Contains($"'{text}'"));

    [Test]
    public void Parse_OfToString_IsIdentity() =>
        Gen.Long.Sample(nanoseconds =>
            GoDuration.Parse(new GoDuration(nanoseconds).ToString()).Nanoseconds == nanoseconds);

    [Test]
    public void FromTimeSpan_AndBack_IsIdentity()
    {
        var span = TimeSpan.FromTicks(202_484_574);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(GoDuration.FromTimeSpan(span).ToString(), Is.EqualTo("20.2484574s"));
            Assert.That(GoDuration.FromTimeSpan(span).ToTimeSpan(), Is.EqualTo(span));
            Assert.That(() => GoDuration.FromTimeSpan(TimeSpan.MaxValue), Throws.InstanceOf<OverflowException>());
        }
    }
}
