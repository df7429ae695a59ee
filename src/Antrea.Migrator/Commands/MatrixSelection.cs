using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Antrea.Migration.Connectivity;

namespace Antrea.Migrator.Commands;

/// <summary>Which connections <c>matrix</c> tries.</summary>
internal sealed class MatrixSelection
{
    private readonly Option<string?> _from = new("--from") { Description = "One to all: only from this Pod, or from a Pod of this workload.", HelpName = "NAMESPACE/NAME" };
    private readonly Option<string?> _to = new("--to") { Description = "All to one: only to this Pod, or to a Pod of this workload.", HelpName = "NAMESPACE/NAME" };
    private readonly Option<int?> _ring = new("--ring")
    {
        Description = "A sample: each Node connects to that many others, and every class of Nodes and Pods takes part.",
        HelpName = "NODES",
        Validators =
        {
            result =>
            {
                if (result.Tokens is [var token, ..] && !(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var k) && k is >= 1 and <= 1000))
                {
                    result.AddError($"--ring is '{token.Value}', but must be a whole number between 1 and 1000.");
                }
            },
        },
    };

    private readonly Option<int> _seed = CommonOptions.Whole("--seed", "Which sample --ring takes; the same seed takes the same.", 0, 0);
    private readonly Option<string[]> _namespaces = new("--namespace", "-n")
    {
        Description = "Only Pods of these Namespaces.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
        HelpName = "NAMESPACE",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _from, _to, _ring, _seed, _namespaces })
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetResult(_ring) is { Implicit: false } && (result.GetResult(_from) ?? result.GetResult(_to)) is { Implicit: false })
            {
                result.AddError("--ring samples all Pods; give it without --from and --to.");
            }
        });
    }

    /// <summary>Who is looked at.</summary>
    public ImmutableArray<MatrixEndpoint> Filter(ParseResult parse, ImmutableArray<MatrixEndpoint> endpoints)
    {
        var namespaces = parse.GetValue(_namespaces) ?? [];
        return namespaces.Length == 0
            ? endpoints
            : [.. endpoints.Where(e => namespaces.Contains(e.Name[..e.Name.IndexOf('/', StringComparison.Ordinal)], StringComparer.Ordinal))];
    }

    /// <summary>What is tried, and in words what that is.</summary>
    public (ImmutableArray<MatrixPair> Pairs, string What) Choose(ParseResult parse, ImmutableArray<MatrixEndpoint> endpoints) =>
        (parse.GetValue(_from), parse.GetValue(_to), parse.GetValue(_ring)) switch
        {
            ({ } from, { } to, _) => ([.. MatrixPairs.OneToAll(endpoints, from).Intersect(MatrixPairs.AllToOne(endpoints, to))], $"{from} to {to}"),
            ({ } from, _, _) => (MatrixPairs.OneToAll(endpoints, from), $"{from} to all"),
            (_, { } to, _) => (MatrixPairs.AllToOne(endpoints, to), $"all to {to}"),
            (_, _, { } k) => (
                MatrixPairs.Ring(endpoints, k, parse.GetValue(_seed)),
                string.Create(CultureInfo.InvariantCulture, $"a sample: each Node to {k} others, seed {parse.GetValue(_seed)}")),
            _ => (MatrixPairs.AllToAll(endpoints), "all to all"),
        };
}
