using System.CommandLine;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Verification;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>policies convert</c>: Calico policies as Antrea policies, with a report of what is exact and what is refused, and the proof.</summary>
internal static class PoliciesConvertCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: true);
        var to = new Option<string?>("--to") { Description = "Write one YAML file per Antrea object to this folder; all or none." };
        var partial = new Option<bool>("--partial") { Description = "Write what could be converted even when something is refused, or proven to differ. It does not mean the same." };
        var policies = new PolicyOptions();
        var format = PolicyOptions.Format("table", "json", "yaml");
        var command = new Command("convert", "Convert Calico policies to Antrea; exit code 2 when one is refused or equality is not proven.")
        {
            to, partial, format,
        };
        policies.AddTo(command, scope: "future where every policy is Exact, existing otherwise");
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var read = await cluster.Reader.ReadAsync(cancellationToken);
            var snapshot = PolicyAllowance.Without(read);
            if (snapshot.Objects.Length < read.Objects.Length)
            {
                await parse.InvocationConfiguration.Error.WriteLineAsync("Left out: allowances of a migration, which are not to last. 'antrea-migrator plan' names them.");
            }

            var options = policies.Versions(parse);
            var conversion = PolicyConverter.Convert(snapshot, options);
            var proof = conversion.HasRefusals
                ? new PolicyProof(ProofVerdict.NotProven, 0, "something was refused, and the rest alone does not mean the same")
                : policies.Scope(parse) is { } scope ? PolicyVerifier.Verify(snapshot, conversion, options, scope, cancellationToken)
                : PolicyVerifier.Verify(snapshot, conversion, options, cancellationToken);
            var isWithheld = (conversion.HasRefusals || proof.Verdict == ProofVerdict.Different) && !parse.GetValue(partial);
            var written = parse.GetValue(to) is { } directory && !isWithheld
                ? await new PolicyFolder(directory).WriteAsync(conversion, cancellationToken)
                : null;
            switch (parse.GetValue(format))
            {
                case "json":
                    output.WriteJson(PolicyOutput.Json(conversion, proof, parse.GetValue(to), written));
                    break;
                case "yaml":
                    output.Write(string.Join("---\n", (isWithheld ? [] : conversion.Objects).Select(ObjectYaml.Write)));
                    Write(parse.InvocationConfiguration.Error);
                    break;
                default:
                    Write(output);
                    break;
            }

            return proof.Verdict == ProofVerdict.Equal ? ExitCodes.Success : ExitCodes.Findings;

            void Write(TextWriter report) => PolicyOutput.Write(report, conversion, proof, parse.GetValue(to), written);
        });
        return command;
    }
}
