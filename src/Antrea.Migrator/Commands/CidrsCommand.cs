using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing.Analysis;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migrator.Output;
using Antrea.Migrator.Output.Pictures;

namespace Antrea.Migrator.Commands;

/// <summary><c>cidrs</c>: which Calico addresses lie in which Node's PodCIDR.</summary>
internal static class CidrsCommand
{
    /// <summary>What a person still reads.</summary>
    private const int MostRows = 50;

    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: true);
        var threshold = CommonOptions.Threshold();
        var exclude = Exclude();
        var file = RouteTables.Option("whose routes to networks outside the cluster count as used and are compared too");
        var picture = CommonOptions.Picture("--picture", "Draw the address space, with the clashes marked, to this file");
        var format = CommonOptions.Format();
        var command = new Command(
            "cidrs", "Show which Calico blocks overlap which Nodes' PodCIDRs, whom that cuts off, and where a new pool fits; exit code 2 when ranges that must be apart overlap.")
        {
            threshold, exclude, file, picture, format,
        };
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var tables = RouteTables.FromFiles(parse.GetValue(file) ?? [], cancellationToken);
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var snapshot = await cluster.Reader.ReadAsync(cancellationToken);
            var options = new AddressAnalysisOptions
            {
                SmallOverlapThreshold = parse.GetValue(threshold),
                ExternalRoutes = ExternalRoutes.Of(tables.Of(snapshot).Tables, snapshot, cancellationToken),
            };
            var analysis = AddressAnalyzer.Analyze(snapshot, options, cancellationToken);

            // The bridge that the migration builds routes other Nodes' PodCIDRs by net1 and the rest by eth0.
            var cutOff = CutOffAnalyzer.Analyze(
                snapshot, ReachabilityModel.FromSnapshot(snapshot) with { MultusRoutes = MultusRoutes.ByPodCidr }, cancellationToken);
            var advice = PoolAdvisor.Suggest(snapshot, analysis, new PoolAdvisorOptions { Exclude = [.. parse.GetValue(exclude) ?? []] }, cancellationToken);
            List<Finding> findings = [.. analysis.Findings, .. cutOff.Findings, .. advice.Findings, .. tables.Findings];
            if (parse.GetValue(picture) is { } path)
            {
                await SvgPicture.SaveAsync(path, AddressPictureLayout.Of(analysis, cutOff, advice), cancellationToken);
            }

            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(Json(analysis, cutOff, advice, findings));
            }
            else
            {
                Write(output, analysis, cutOff, advice, findings);
            }

            // Nonsense addresses (a Node without PodCIDR, an unreadable table) make "no overlap" meaningless.
            return analysis.Clashes.All(IsHarmless) && analysis.Findings.Concat(tables.Findings).All(f => f.Severity != Severity.Blocker)
                ? ExitCodes.Success
                : ExitCodes.Findings;
        });
        return command;
    }

    /// <summary>A network around the cluster's: everywhere in it the cluster's own routes are the longer ones.</summary>
    private static bool IsHarmless(AddressClash clash) => clash is { Right.Use: AddressUse.External, Relation: CidrRelation.Within };

    private static Option<Cidr[]> Exclude() => new("--exclude")
    {
        Description = "A range that no suggested pool may touch; may be given several times.",
        DefaultValueFactory = _ => [],
        CustomParser = result =>
        {
            var ranges = new List<Cidr>();
            foreach (var token in result.Tokens)
            {
                if (Cidr.TryParse(token.Value, out var range, out var error))
                {
                    ranges.Add(range);
                }
                else
                {
                    result.AddError($"--exclude: {error}.");
                }
            }

            return [.. ranges];
        },
    };

    private static JsonObject Json(AddressAnalysis analysis, CutOffAnalysis cutOff, PoolAdvice advice, List<Finding> findings) => new()
    {
        ["scenario"] = analysis.Scenario.ToString(),
        ["overlaps"] = new JsonArray([.. analysis.Overlaps.Select(o => new JsonObject
        {
            ["block"] = o.Block.ToString(),
            ["owner"] = o.Owner,
            ["podCidr"] = o.PodCidr.ToString(),
            ["node"] = o.Node,
            ["kind"] = o.Kind.ToString(),
            ["own"] = o.Own,
        })]),
        ["unreachable"] = new JsonArray([.. cutOff.Unreachable.Select(u => new JsonObject
        {
            ["pod"] = u.Pod,
            ["node"] = u.Node,
            ["address"] = u.Address,
            ["from"] = u.From,
            ["reason"] = u.Reason,
        })]),
        ["suggestedPools"] = new JsonArray([.. advice.Pools.Select(p => new JsonObject
        {
            ["cidr"] = p.Cidr.ToString(),
            ["blockSize"] = p.BlockSize,
            ["replaces"] = p.Replaces,
            ["addresses"] = p.Cidr.AddressCount.ToString(CultureInfo.InvariantCulture),
            ["needed"] = p.Needed.ToString(CultureInfo.InvariantCulture),
            ["reasons"] = new JsonArray([.. p.Reasons.Select(r => JsonValue.Create(r))]),
        })]),
        ["findings"] = JsonOutput.Of(findings),
    };

    private static void Write(TextWriter output, AddressAnalysis analysis, CutOffAnalysis cutOff, PoolAdvice advice, List<Finding> findings)
    {
        output.WriteLine($"Scenario {analysis.Scenario}: {analysis.Overlaps.Length} overlaps");
        if (!analysis.Overlaps.IsEmpty)
        {
            var table = new TextTable("Calico range", "Kind", "Used on", "lies in PodCIDR", "of Node", "");
            foreach (var overlap in analysis.Overlaps.Take(MostRows))
            {
                table.Add(
                    overlap.Block.ToString(), overlap.Kind.ToString(), overlap.Owner ?? "(no Node)", overlap.PodCidr.ToString(), overlap.Node,
                    overlap.Own ? "its own" : "");
            }

            table.WriteTo(output);
            WriteRest(output, analysis.Overlaps.Length);
        }

        if (!cutOff.Unreachable.IsEmpty)
        {
            var table = new TextTable("Pod", "Address", "on Node", "cannot be reached from");
            foreach (var lost in cutOff.Unreachable.Take(MostRows))
            {
                table.Add(lost.Pod, lost.Address, lost.Node, lost.From);
            }

            table.WriteTo(output);
            WriteRest(output, cutOff.Unreachable.Length);
        }

        if (!advice.Pools.IsEmpty)
        {
            var table = new TextTable("New pool", "Block size", "Instead of", "Why");
            foreach (var pool in advice.Pools)
            {
                table.Add(pool.Cidr.ToString(), $"/{pool.BlockSize}", pool.Replaces ?? "(no pool)", string.Join(' ', pool.Reasons.Take(2)));
            }

            table.WriteTo(output);
        }

        output.WriteFindings(findings);
    }

    private static void WriteRest(TextWriter output, int rows)
    {
        if (rows > MostRows)
        {
            output.WriteLine($"… and {rows - MostRows} more; -o json has them all");
        }
    }
}
