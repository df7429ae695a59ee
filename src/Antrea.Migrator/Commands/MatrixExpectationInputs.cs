using System.Collections.Immutable;
using System.CommandLine;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migrator.Commands;

/// <summary>What <c>matrix</c> expects: what the cluster's policies say, and what two networks side by side do to packets.</summary>
internal sealed class MatrixExpectationInputs
{
    private readonly Option<string> _expect = new Option<string>("--expect")
    {
        Description = "What to hold the outcome against: policies and routes, one of them, all (everything is to get through), or nothing.",
        HelpName = "both|policies|routes|all|nothing",
        DefaultValueFactory = _ => "both",
    }.AcceptOnlyFromAmong("both", "policies", "routes", "all", "nothing");

    private readonly PolicyOptions _policies = new();
    private readonly ReachabilityInputs _routes = new();

    public void AddTo(Command command)
    {
        command.Add(_expect);
        _policies.AddTo(command, scope: null);
        _routes.AddTo(command);
    }

    /// <summary>What should become of each connection, and what could not be told.</summary>
    public (Func<MatrixPair, MatrixExpectation>? Expect, ImmutableArray<string> Notes) Read(ParseResult parse, ClusterSnapshot snapshot)
    {
        var wanted = parse.GetRequiredValue(_expect);
        if (wanted is "all" or "nothing")
        {
            return (wanted == "all" ? _ => new MatrixExpectation(MatrixVerdict.Allow, "") : null, []);
        }

        List<string> notes = [];
        var options = _policies.Versions(parse);
        IPolicyEvaluator? calico = null;
        IPolicyEvaluator? antrea = null;
        if (wanted != "routes")
        {
            var objects = snapshot.Objects.Where(AntreaObjectCheck.Covers).Select(o => o.Json).ToList();
            calico = Try("Calico", () => PolicyEvaluators.ForCalico(snapshot, options), notes);
            antrea = Try("Antrea", () => PolicyEvaluators.ForAntrea(snapshot, objects, options), notes);
        }

        // The rules tell of two networks side by side; with one of them alone there is nothing to lose.
        var sideBySide = snapshot.OfKind("apps", "DaemonSet").Any(d => d.Name == "antrea-agent") && !snapshot.CalicoIpam.Pools.IsEmpty;
        var expectations = new MatrixExpectations(
            snapshot, calico, antrea, wanted != "policies" && sideBySide ? _routes.Read(parse, snapshot) : null)
        {
            IgnorePolicies = wanted == "routes",
        };
        return (expectations.Of, [.. notes]);
    }

    private static IPolicyEvaluator? Try(string engine, Func<IPolicyEvaluator> make, List<string> notes)
    {
        try
        {
            return make();
        }
        catch (Exception e) when (e is NotSupportedException or FormatException or InputException)
        {
            notes.Add($"What {engine} enforces cannot be told, so nothing is expected of its Pods: {e.Message}");
            return null;
        }
    }
}
