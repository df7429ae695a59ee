using System.CommandLine;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>cidrs</c>: which Calico addresses lie in which Node's PodCIDR.</summary>
internal static class CidrsCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: true);
        var threshold = CommonOptions.Threshold();
        var format = CommonOptions.Format();
        var command = new Command("cidrs", "Show which Calico blocks overlap which Nodes' PodCIDRs; exit code 2 when any does.")
        {
            threshold, format,
        };
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var analysis = AddressAnalyzer.Analyze(
                await cluster.Reader.ReadAsync(cancellationToken),
                new AddressAnalysisOptions { SmallOverlapThreshold = parse.GetValue(threshold) });
            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(Json(analysis));
            }
            else
            {
                Write(output, analysis);
            }

            // Nonsense addresses (a Node without PodCIDR, PodCIDRs that overlap each other) make "no overlap" meaningless.
            return analysis.Overlaps.IsEmpty && analysis.Findings.All(f => f.Severity != Severity.Blocker)
                ? ExitCodes.Success
                : ExitCodes.Findings;
        });
        return command;
    }

    private static JsonObject Json(AddressAnalysis analysis) => new()
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
        ["findings"] = JsonOutput.Of(analysis.Findings),
    };

    private static void Write(TextWriter output, AddressAnalysis analysis)
    {
        output.WriteLine($"Scenario {analysis.Scenario}: {analysis.Overlaps.Length} overlaps");
        if (!analysis.Overlaps.IsEmpty)
        {
            var table = new TextTable("Calico range", "Kind", "Used on", "lies in PodCIDR", "of Node", "");
            foreach (var overlap in analysis.Overlaps)
            {
                table.Add(
                    overlap.Block.ToString(), overlap.Kind.ToString(), overlap.Owner ?? "(no Node)", overlap.PodCidr.ToString(), overlap.Node,
                    overlap.Own ? "its own" : "");
            }

            table.WriteTo(output);
        }

        output.WriteFindings(analysis.Findings);
    }
}
