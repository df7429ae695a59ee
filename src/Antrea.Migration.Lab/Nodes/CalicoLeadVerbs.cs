using System.Globalization;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What <c>lead-calico</c> and <c>stop-leading-calico</c> do to a hollow Node's rules and routes.</summary>
internal static class CalicoLeadVerbs
{
    private static readonly string Table = CalicoLead.Table.ToString(CultureInfo.InvariantCulture);

    /// <summary>Routes first, then the rules that are missing.</summary>
    public static NodeCommandResult Start(LabNode node, IReadOnlyList<string> arguments)
    {
        foreach (var text in ValuesOf(arguments, "route="))
        {
            var parsed = RouteParser.ParseText(text, "lead-calico").Routes;
            if (parsed is not [var route])
            {
                return new NodeCommandResult(1, "", $"Error: \"{text}\" is no route.\n");
            }

            node.Host.ReplaceRoute(route with { Table = Table });
        }

        foreach (var rule in ValuesOf(arguments, "own=").Select(c => new RoutingRule(CalicoLead.OwnPriority, Cidr.Parse(c), null, RoutingState.MainTable))
            .Concat(ValuesOf(arguments, "from=").Select(c => new RoutingRule(CalicoLead.CalicoPriority, Cidr.Parse(c), null, Table))))
        {
            if (!node.Host.State.Routing.Rules.Contains(rule))
            {
                node.Host.AddRule(rule);
            }
        }

        return new NodeCommandResult(0, "", "");
    }

    /// <summary>Rules first, then the table.</summary>
    public static NodeCommandResult Stop(LabNode node, IReadOnlyList<string> arguments)
    {
        node.Host.RemoveRules(r => r.Priority is CalicoLead.OwnPriority or CalicoLead.CalicoPriority);
        node.Host.RemoveRoutes(r => r.Table == Table);
        return new NodeCommandResult(0, "", "");
    }

    private static IEnumerable<string> ValuesOf(IReadOnlyList<string> arguments, string word) =>
        arguments.Where(a => a.StartsWith(word, StringComparison.Ordinal)).Select(a => a[word.Length..]);
}
