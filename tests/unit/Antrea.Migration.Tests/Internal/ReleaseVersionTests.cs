using Antrea.Migration.Internal;
using CsCheck;

namespace Antrea.Migration.Tests.Internal;

public class ReleaseVersionTests
{
    private static readonly Gen<ReleaseVersion> Versions =
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3], (major, minor, patch) => new ReleaseVersion(major, minor, patch));

    [TestCase("v3.26.1", ExpectedResult = "v3.26.1")]
    [TestCase("3.26", ExpectedResult = "v3.26.0")]
    [TestCase("v2.5.3-rc.1", ExpectedResult = "v2.5.3")]
    [TestCase("v3.34.0-0.dev-12-gabcdef", ExpectedResult = "v3.34.0")]
    [TestCase("v2.4.0+build.7", ExpectedResult = "v2.4.0")]
    [TestCase("3", ExpectedResult = null)]
    [TestCase("v3.x.1", ExpectedResult = null)]
    [TestCase("v3.26.1.2", ExpectedResult = null)]
    [TestCase("v3.-1", ExpectedResult = null)]
    [TestCase("master", ExpectedResult = null)]
    [TestCase("", ExpectedResult = null)]
    [TestCase(null, ExpectedResult = null)]
    public string? TryParse_AText_ReadsWhatReleasesAreNamed(string? text) =>
        ReleaseVersion.TryParse(text, out var version) ? version.ToString() : null;

    [TestCase("registry.example/calico/node:v3.26.1", ExpectedResult = "v3.26.1")]
    [TestCase("registry.local:5000/calico/node", ExpectedResult = null)]
    [TestCase("registry.local:5000/calico/node:v3.26.1@sha256:0123", ExpectedResult = "v3.26.1")]
    public string? TagOf_AnImage_IsWhatFollowsTheLastColon(string image) => ReleaseVersion.TagOf(image);

    [Test]
    public void Comparison_IsByMajorMinorAndPatch() => Gen.Select(Versions, Versions).Sample((left, right) =>
    {
        var difference = (16 * (left.Major - right.Major)) + (4 * (left.Minor - right.Minor)) + left.Patch - right.Patch;
        return (left < right) == difference < 0
            && (left <= right) == difference <= 0
            && (left > right) == difference > 0
            && (left >= right) == difference >= 0
            && (left == right) == (difference == 0);
    });

    [Test]
    public void Comparison_WithAMinorRelease_CountsItsPatchesAsLater() =>
        Assert.That(new ReleaseVersion(3, 28, 5), Is.GreaterThan(new ReleaseVersion(3, 28)).And.LessThan(new ReleaseVersion(3, 29)));
}
