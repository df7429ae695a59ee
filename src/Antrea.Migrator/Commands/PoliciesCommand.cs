using System.CommandLine;
using System.Text.Json.Nodes;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Verification;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>policies convert</c>: Calico policies as Antrea policies, with a report of what is exact and what is refused.</summary>
internal static class PoliciesCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: true);
        var to = new Option<string?>("--to") { Description = "Write one YAML file per Antrea object to this folder." };
        var calicoVersion = new Option<string?>("--calico-version") { Description = "The Calico version; by default that of the ClusterInformation." };
        var antreaVersion = new Option<string>("--antrea-version") { Description = "The Antrea version that will enforce them.", DefaultValueFactory = _ => new PolicyConversionOptions().AntreaVersion };
        var format = CommonOptions.Format();
        var convert = new Command("convert", "Convert Calico policies to Antrea; exit code 2 when one is refused or equality is not proven.")
        {
            to, calicoVersion, antreaVersion, format,
        };
        source.AddTo(convert);
        convert.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var snapshot = await cluster.Reader.ReadAsync(cancellationToken);
            var options = new PolicyConversionOptions
            {
                CalicoVersion = parse.GetValue(calicoVersion),
                AntreaVersion = parse.GetRequiredValue(antreaVersion),
            };
            var conversion = PolicyConverter.Convert(snapshot, options);
            var proof = conversion.HasRefusals
                ? new PolicyProof(ProofVerdict.NotProven, 0, Reason: "policies were refused, and the rest alone does not mean the same")
                : PolicyVerifier.Verify(snapshot, conversion.Objects, options, cancellationToken);
            if (parse.GetValue(to) is { } directory)
            {
                await WriteAsync(conversion, directory, cancellationToken);
            }

            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(Json(conversion, proof));
            }
            else
            {
                Write(output, conversion, proof);
            }

            return proof.Verdict == ProofVerdict.Equal ? ExitCodes.Success : ExitCodes.Findings;
        });
        return new Command("policies", "Calico policies and their Antrea equals.") { convert };
    }

    private static async Task WriteAsync(PolicyConversion conversion, string directory, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        foreach (var obj in conversion.Objects)
        {
            var name = string.Join('_', new[] { obj["kind"]!.ToString(), obj["metadata"]!["namespace"]?.ToString(), obj["metadata"]!["name"]!.ToString() }.OfType<string>());
            await File.WriteAllTextAsync(Path.Combine(directory, name + ".yaml"), ObjectYaml.Write(obj), cancellationToken);
        }
    }

    private static JsonObject Json(PolicyConversion conversion, PolicyProof proof) => new()
    {
        ["policies"] = new JsonArray([.. conversion.Policies.Select(p => new JsonObject
        {
            ["kind"] = p.Kind,
            ["namespace"] = p.Namespace,
            ["name"] = p.Name,
            ["fidelity"] = p.Fidelity.ToString(),
            ["rules"] = new JsonArray([.. p.Rules.Select(r => new JsonObject
            {
                ["direction"] = r.Direction.ToString(), ["index"] = r.Index, ["fidelity"] = r.Fidelity.ToString(),
            })]),
            ["findings"] = new JsonArray([.. p.Findings.Select(f => new JsonObject
            {
                ["code"] = f.Code, ["path"] = f.Path, ["message"] = f.Message, ["remedy"] = f.Remedy,
            })]),
        })]),
        ["findings"] = JsonOutput.Of(conversion.Findings),
        ["proof"] = new JsonObject
        {
            ["verdict"] = proof.Verdict.ToString(),
            ["comparedFlows"] = proof.ComparedFlows,
            ["reason"] = proof.Reason,
            ["counterexamples"] = new JsonArray([.. proof.CounterExample is { } c
                ? new[] { new JsonObject { ["traffic"] = c.Traffic.ToString(), ["direction"] = c.Direction.ToString(), ["calico"] = c.Calico.ToString(), ["antrea"] = c.Antrea.ToString() } }
                : []]),
        },
    };

    private static void Write(TextWriter output, PolicyConversion conversion, PolicyProof proof)
    {
        var table = new TextTable("Policy", "Fidelity", "Antrea objects");
        foreach (var policy in conversion.Policies)
        {
            table.Add(policy.ToString(), policy.Fidelity.ToString(), string.Join(", ", policy.Objects.Select(o => o["metadata"]!["name"]!.ToString())));
        }

        table.WriteTo(output);
        output.WriteFindings(conversion.Findings);
        output.WriteLine(
            $"Proof: {proof.Verdict}, {proof.ComparedFlows} classes of flows compared. {proof.CounterExample?.ToString() ?? proof.Reason}");
    }
}
