using System.CommandLine;
using System.Text.Json.Nodes;
using Antrea.Migration;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>policies explain</c>: which rules decide one flow, at both of its ends.</summary>
internal static class PoliciesExplainCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: true);
        var flow = new FlowOptions();
        var engine = new Option<string>("--engine")
        {
            Description = "Whose policies: calico, or antrea (those of the input, else those that 'convert' would make).",
            DefaultValueFactory = _ => "calico",
            HelpName = "calico|antrea",
        }.AcceptOnlyFromAmong("calico", "antrea");
        var policies = new PolicyOptions();
        var format = PolicyOptions.Format("table", "json");
        var command = new Command("explain", "Show which rules decide a flow; exit code 0 whatever they decide.");
        flow.AddTo(command);
        command.Add(engine);
        command.Add(format);
        policies.AddTo(command, scope: null);
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var snapshot = await cluster.Reader.ReadAsync(cancellationToken);
            var traffic = flow.Read(parse, PolicyWorld.From(snapshot));
            var (evaluator, origin) = EvaluatorOf(parse.GetRequiredValue(engine), snapshot, policies.Versions(parse));
            var ends = new[] { Direction.Egress, Direction.Ingress }.Select(d => (Direction: d, Verdict: evaluator.Evaluate(traffic, d))).ToList();
            var decision = ends.Exists(e => e.Verdict.Kind == VerdictKind.Deny) ? VerdictKind.Deny
                : ends.Exists(e => e.Verdict.Kind == VerdictKind.Ambiguous) ? VerdictKind.Ambiguous
                : VerdictKind.Allow;
            if (parse.GetValue(format) == "json")
            {
                var json = PolicyOutput.Json(traffic);
                json["engine"] = parse.GetRequiredValue(engine);
                json["policies"] = origin;
                json["verdict"] = decision.ToString();
                foreach (var (direction, verdict) in ends)
                {
                    json[direction == Direction.Egress ? "egress" : "ingress"] = new JsonObject
                    {
                        ["verdict"] = verdict.Kind.ToString(),
                        ["steps"] = new JsonArray([.. verdict.Reasons.Select(r => (JsonNode)r)]),
                    };
                }

                output.WriteJson(json);
            }
            else
            {
                Write(output, traffic, origin, ends, decision);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static void Write(
        TextWriter output, Traffic traffic, string origin, List<(Direction Direction, Verdict Verdict)> ends, VerdictKind decision)
    {
        output.WriteLine($"{traffic}: {decision}");
        output.WriteLine($"Policies: {origin}");
        foreach (var (direction, verdict) in ends)
        {
            output.WriteLine();
            output.WriteLine(direction == Direction.Egress ? $"Leaving {traffic.Source}: {verdict.Kind}" : $"Reaching {traffic.Destination}: {verdict.Kind}");
            for (var i = 0; i < verdict.Reasons.Length; i++)
            {
                output.WriteLine($"  {i + 1}. {verdict.Reasons[i]}");
            }
        }
    }

    /// <summary>The evaluator, and in words whose policies it goes by.</summary>
    /// <exception cref="MigrationException">The policies cannot be evaluated, or not be converted.</exception>
    private static (IPolicyEvaluator Evaluator, string Origin) EvaluatorOf(string engine, ClusterSnapshot snapshot, PolicyConversionOptions options)
    {
        var lasting = PolicyAllowance.Without(snapshot);
        var among = lasting.Objects.Length < snapshot.Objects.Length ? ", allowances of a migration among them" : "";
        try
        {
            if (engine == "calico")
            {
                return (PolicyEvaluators.ForCalico(snapshot, options), $"Calico's and Kubernetes' of the input{among}");
            }

            var objects = snapshot.Objects.Where(AntreaObjectCheck.Covers).ToList();
            if (objects.Exists(o => o.Kind is "ClusterNetworkPolicy" or "NetworkPolicy"))
            {
                return (AntreaObjectCheck.CheckDuplicates(snapshot) is { IsEmpty: false } twice ? twice : AntreaObjectCheck.Check(objects, options)) is { IsEmpty: false } errors
                    ? throw new InputException(errors)
                    : (PolicyEvaluators.ForAntrea(snapshot, objects.Select(o => o.Json), options), $"Antrea's and Kubernetes' of the input{among}");
            }

            var conversion = PolicyConverter.Convert(lasting, options);
            if (conversion.Findings.FirstOrDefault(f => f.Severity == Severity.Blocker) is { } refusal)
            {
                throw new MigrationException(
                    $"The input has no Antrea policies, and its Calico policies cannot be converted: {refusal.Subject}: {refusal.Evidence}", refusal.Remedy);
            }

            return (PolicyEvaluators.ForAntrea(snapshot, conversion.Objects, options), "converted from Calico's of the input, beside Kubernetes'");
        }
        catch (NotSupportedException e)
        {
            throw new MigrationException(e.Message, "Take what is named out of the input, if it is not about this flow.", e);
        }
    }
}
