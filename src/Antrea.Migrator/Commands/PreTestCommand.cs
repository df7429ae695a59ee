using System.CommandLine;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>lab scenario pretest</c>: what happens without a bridge, shown on a lab cluster.</summary>
internal static class PreTestCommand
{
    private const int MostShown = 3;

    public static Command Create(TextWriter output)
    {
        var name = new Option<string>("--name") { Description = "The cluster's name; decides its addresses.", DefaultValueFactory = _ => ClusterSource.DefaultLab };
        name.Validators.Add(result => CommonOptions.CheckLabName(result, result.Tokens));
        var workers = CommonOptions.Whole("--workers", "How many workers.", 20, 1, ClusterSource.MostLabWorkers);
        var format = CommonOptions.Format();
        var command = new Command("pretest", "Deploy Antrea next to Calico without a bridge, restart one Pod, and show who loses it.") { name, workers, format };
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var lab = await LabCluster.StartAsync(
                new LabClusterOptions { Name = parse.GetRequiredValue(name), Workers = parse.GetValue(workers) }, cancellationToken);
            var result = await PreTest.RunAsync(lab, cancellationToken);
            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(ToJson(result));
            }
            else
            {
                Write(output, result);
            }

            return result.FromCalico.Concat(result.FromAntrea).All(a => a.AsPredicted) ? ExitCodes.Success : ExitCodes.Findings;
        });
        return command;
    }

    private static void Write(TextWriter output, PreTestResult result)
    {
        output.WriteLine("Antrea was deployed next to Calico, with nothing in between, and one server Pod restarted:");
        output.WriteLine($"  {result.Node}  {result.Before} (Calico) became {result.After} (Antrea), {result.Pod}");
        var table = new TextTable("From", "To", "Tried", "Reached", "As predicted");
        table.Add(["Calico Pods", "the Antrea Pod", .. Counts(result.FromCalico)]);
        table.Add(["the Antrea Pod", "Calico Pods", .. Counts(result.FromAntrea)]);
        table.WriteTo(output);
        foreach (var group in result.FromCalico.Concat(result.FromAntrea).GroupBy(a => (a.From.Kind, a.Reached, a.Predicted.Reason)).OrderByDescending(g => g.Count()))
        {
            var shown = string.Join(", ", group.Take(MostShown).Select(a => $"{a.From.Address} → {a.To.Address}")) + (group.Count() > MostShown ? ", …" : "");
            output.WriteLine($"{(group.Key.Reached ? "✓" : "✗")} {group.Count(),3}  {shown}");
            output.WriteLine($"       {group.Key.Reason}");
        }

        output.WriteLine();
        output.WriteLine("'antrea-migrator migrate --lab' takes the same cluster across a bridge.");
    }

    private static string[] Counts(IReadOnlyCollection<PreTestAttempt> attempts) =>
        [$"{attempts.Count}", $"{attempts.Count(a => a.Reached)}", $"{attempts.Count(a => a.AsPredicted)}"];

    private static JsonObject ToJson(PreTestResult result) => new()
    {
        ["pod"] = result.Pod,
        ["node"] = result.Node,
        ["before"] = $"{result.Before}",
        ["after"] = $"{result.After}",
        ["attempts"] = new JsonArray([.. result.FromCalico.Concat(result.FromAntrea).Select(a => new JsonObject
        {
            ["source"] = a.Source,
            ["from"] = $"{a.From.Address}",
            ["to"] = $"{a.To.Address}",
            ["reached"] = a.Reached,
            ["predicted"] = a.Predicted.Verdict.ToString(),
            ["reason"] = a.Predicted.Reason,
            ["lostAt"] = a.Predicted.LostAt,
        })]),
    };
}
