using System.Text.RegularExpressions;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Policies of every kind, within the converter's subset and outside: what it does not refuse means what it meant.</summary>
public sealed class WholeConversionPropertyTests
{
    private static readonly Regex Name = new("metadata: {name: ([a-z0-9.]+)");

    [Test]
    public void Policies_that_are_not_refused_are_proven_equal()
    {
        var compared = 0;
        WholePolicyGen.Any.Check(
            300,
            model =>
            {
                var conversion = PolicyConverter.Convert(model.Snapshot(), model.Options);
                while (conversion.Policies.Any(p => p.Fidelity == Fidelity.Refused))
                {
                    model = Without(model, [.. conversion.Policies.Where(p => p.Fidelity == Fidelity.Refused).Select(p => p.Name)]);
                    conversion = PolicyConverter.Convert(model.Snapshot(), model.Options);
                }

                Interlocked.Add(ref compared, conversion.Policies.Length);
                var proof = PolicyVerifier.Verify(model.Snapshot(), conversion.Objects, model.Options);
                if (proof.Verdict != ProofVerdict.Equal)
                {
                    var written = string.Join("\n", conversion.Objects.Select(o => o.ToJsonString()));
                    throw new InvalidOperationException($"{proof.Verdict}: {proof.CounterExample?.ToString() ?? proof.Reason}\n{written}");
                }
            });
        TestContext.Out.WriteLine($"{compared} policies compared");
        Assert.That(compared, Is.GreaterThanOrEqualTo(300 * PropertyRuns.Factor), "policies that were converted and compared");
    }

    /// <summary>The cluster without policies of these names, as they are shown or as they are stored.</summary>
    private static WholePolicyGen.Model Without(WholePolicyGen.Model model, HashSet<string> names)
    {
        var left = model with { Objects = [.. model.Objects.Where(o => !o.Contains("NetworkPolicy", StringComparison.Ordinal) || !IsNamed(o))] };
        return left.Objects.Length < model.Objects.Length ? left : throw new InvalidOperationException($"no policy is named {string.Join(" or ", names)}");

        bool IsNamed(string text) =>
            Name.Match(text).Groups[1].Value is var name && (names.Contains(name) || names.Contains(name.Replace("default.", "", StringComparison.Ordinal)));
    }
}
