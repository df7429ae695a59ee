using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Execution;

/// <summary>Small plans and journals, written down.</summary>
internal static class Journals
{
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 0, 0, TimeSpan.Zero);

    /// <summary>A plan of steps as PHASE/KIND@NODE, which are their ids as well.</summary>
    public static MigrationPlan Plan(string steps, params string[] nodes) => new()
    {
        Id = "plan",
        Fingerprint = "plan",
        Scenario = "Simple",
        AntreaVersion = "v2.7.0",
        Nodes = [.. nodes],
        PodCidrs = nodes.Index().ToImmutableSortedDictionary(n => n.Item, n => ImmutableArray.Create(Cidr.Parse($"10.10.{n.Index}.0/24"))),
        ServiceCidrs = [],
        CalicoCidrs = [],
        ManifestHash = "",
        Steps = [.. steps.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Step)],
        Findings = [],
    };

    /// <summary>That a step was done, from one second after <see cref="Start"/> to another.</summary>
    public static JournalEntry Done(string step, double from, double to) =>
        new(Start.AddSeconds(to), step, JournalState.Done, "") { Duration = TimeSpan.FromSeconds(to - from) };

    private static MigrationStep Step(string text)
    {
        var (phase, kind, node) = (text.Split('/')[0], text.Split('/')[1].Split('@')[0], text.Split('@') is [_, { Length: > 0 } at] ? at : null);
        return new MigrationStep(text, Enum.Parse<MigrationPhase>(phase), Enum.Parse<MigrationStepKind>(kind), text, node, Reversibility.Reversible, []);
    }
}
