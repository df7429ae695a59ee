using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;
using Antrea.Migrator.Commands;

namespace Antrea.Migrator.Output;

/// <summary>Conversions and proofs, for people and as JSON; docs/policies-json.md describes the latter, whose names never change.</summary>
internal static class PolicyOutput
{
    public static JsonObject Json(PolicyConversion conversion, PolicyProof proof, string? directory, WrittenPolicies? written) => new()
    {
        ["policies"] = new JsonArray([.. conversion.Policies.Select(Json)]),
        ["ends"] = new JsonArray([.. conversion.Ends.Select(o => (JsonNode)NameOf(o))]),
        ["findings"] = JsonOutput.Of(conversion.Findings),
        ["proof"] = Json(proof),
        ["output"] = directory is null ? null : new JsonObject
        {
            ["directory"] = directory,
            ["written"] = new JsonArray([.. written?.Files.Select(f => (JsonNode)f) ?? []]),
            ["removed"] = new JsonArray([.. written?.Removed.Select(f => (JsonNode)f) ?? []]),
        },
    };

    public static JsonObject Json(PolicyProof proof) => new()
    {
        ["verdict"] = proof.Verdict.ToString(),
        ["counterexamples"] = new JsonArray([.. proof.CounterExamples.Select(Json)]),
        ["reason"] = proof.Reason,
        ["scope"] = proof.Scope.ToString(),
        ["comparedFlows"] = proof.ComparedFlows,
        ["pods"] = proof.Pods,
        ["futurePods"] = proof.FuturePods,
        ["unprovenShare"] = proof.UnprovenShare,
    };

    /// <summary>The members that every flow has.</summary>
    public static JsonObject Json(Traffic traffic) => new()
    {
        ["source"] = NameOf(traffic.Source),
        ["sourceAddress"] = traffic.Source.Address.ToString(),
        ["destination"] = NameOf(traffic.Destination),
        ["destinationAddress"] = traffic.Destination.Address.ToString(),
        ["protocol"] = traffic.Protocol.ToString(),
        ["port"] = traffic.Protocol.HasPorts ? traffic.DestinationPort : null,
        ["sourcePort"] = traffic.Protocol.HasPorts ? traffic.SourcePort : null,
        ["icmp"] = traffic.Icmp?.ToString(),
    };

    public static void Write(TextWriter output, PolicyConversion conversion, PolicyProof proof, string? directory, WrittenPolicies? written)
    {
        var table = new TextTable("Policy", "Fidelity", "Rules", "Antrea objects");
        foreach (var policy in conversion.Policies)
        {
            table.Add(policy.ToString(), policy.Fidelity.ToString(), RulesOf(policy), string.Join(", ", policy.Objects.Select(o => o["metadata"]!["name"]!.ToString())));
        }

        table.WriteTo(output);
        if (!conversion.Ends.IsEmpty)
        {
            output.WriteLine($"Behind them, what ends tiers: {string.Join(", ", conversion.Ends.Select(NameOf))}");
        }

        output.WriteFindings(conversion.Findings);
        output.WriteLine();
        Write(output, proof);
        if (directory is not null)
        {
            output.WriteLine(written is null
                ? $"Nothing was written to {directory}: {(conversion.HasRefusals ? "without what is refused the rest does not mean the same" : "it does not mean the same")}. --partial writes it nevertheless."
                : $"{Count(written.Files.Length, "file")} written to {directory}"
                    + (written.Removed.IsEmpty ? "." : $", and removed from an earlier run: {string.Join(", ", written.Removed)}."));
        }
    }

    public static void Write(TextWriter output, PolicyProof proof)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Proof: {proof.Verdict}, {(proof.Scope == ProofScope.Future ? "for existing Pods and those to come" : "for existing Pods")}. {proof.ComparedFlows} classes of flows of {Count(proof.Pods, "Pod")} compared{(proof.FuturePods > 0 ? $", {proof.FuturePods} of them future ones" : "")}."));
        if (proof.Reason is { } reason)
        {
            output.WriteLine($"Not compared: {reason}");
        }

        foreach (var example in proof.CounterExamples)
        {
            output.WriteLine($"  {example.Traffic}, {(example.Direction == Migration.Policies.Direction.Ingress ? "ingress" : "egress")}:");
            output.WriteLine($"    Calico: {example.Calico}");
            output.WriteLine($"    Antrea: {example.Antrea}");
        }
    }

    private static JsonObject Json(ConvertedPolicy policy) => new()
    {
        ["kind"] = policy.Kind,
        ["namespace"] = policy.Namespace,
        ["name"] = policy.Name,
        ["fidelity"] = policy.Fidelity.ToString(),
        ["rules"] = new JsonArray([.. policy.Rules.Select(r => new JsonObject
        {
            ["direction"] = r.Direction.ToString(), ["index"] = r.Index, ["fidelity"] = r.Fidelity.ToString(),
        })]),
        ["findings"] = new JsonArray([.. policy.Findings.Select(f => new JsonObject
        {
            ["code"] = f.Code, ["path"] = f.Path, ["message"] = f.Message, ["remedy"] = f.Remedy, ["severity"] = f.Severity.ToString(),
        })]),
        ["objects"] = new JsonArray([.. policy.Objects.Select(o => (JsonNode)NameOf(o))]),
    };

    private static JsonObject Json(PolicyCounterExample example)
    {
        var json = Json(example.Traffic);
        json["calico"] = example.Calico.ToString();
        json["antrea"] = example.Antrea.ToString();
        json["direction"] = example.Direction.ToString();
        json["future"] = example.IsFuture;
        return json;
    }

    private static string RulesOf(ConvertedPolicy policy) => string.Join(
        ", ", policy.Rules.GroupBy(r => r.Fidelity).OrderBy(g => g.Key).Select(g => $"{g.Count()} {g.Key}"));

    private static string NameOf(JsonObject obj) =>
        string.Join('/', new[] { obj["kind"]!.ToString(), obj["metadata"]!["namespace"]?.ToString(), obj["metadata"]!["name"]!.ToString() }.OfType<string>());

    private static string NameOf(TrafficEndpoint end) => end.Pod?.ToString() ?? end.Address.ToString();

    private static string Count(int count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
