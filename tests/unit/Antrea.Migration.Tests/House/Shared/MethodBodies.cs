using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace Antrea.Migration.Tests.House;

/// <summary>What compiled code refers to: the members in its instructions, and the types around them.</summary>
internal static class MethodBodies
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<ushort, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(o => (ushort)o.Value);

    /// <summary>The methods and constructors that a type declares.</summary>
    public static IEnumerable<MethodBase> Of(Type type) => [.. type.GetMethods(All), .. type.GetConstructors(All)];

    /// <summary>The fields, methods and types that a method's instructions name.</summary>
    public static IEnumerable<MemberInfo> Uses(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code)
        {
            yield break;
        }

        for (var at = 0; at < code.Length;)
        {
            var isLong = code[at] == 0xFE;
            var instruction = Codes[isLong ? (ushort)(0xFE00 | code[at + 1]) : code[at]];
            at += isLong ? 2 : 1;
            var operand = code.AsSpan(at);
            at += Size(instruction.OperandType, operand);
            if (instruction.OperandType
                is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                yield return Resolve(method, BinaryPrimitives.ReadInt32LittleEndian(operand));
            }
        }
    }

    /// <summary>The types that a type names anywhere: base, members, locals, instructions, generic arguments.</summary>
    public static IEnumerable<Type> TypesIn(Type type) =>
        new[] { type.BaseType }
            .Concat(type.GetInterfaces())
            .Concat(type.GetFields(All).Select(f => f.FieldType))
            .Concat(Of(type).SelectMany(TypesIn))
            .Concat(type.GetCustomAttributesData().Select(a => a.AttributeType))
            .OfType<Type>()
            .SelectMany(Parts)
            .Distinct();

    private static IEnumerable<Type> TypesIn(MethodBase method) =>
        method.GetParameters().Select(p => p.ParameterType)
            .Concat(method is MethodInfo { ReturnType: var returned } ? [returned] : [])
            .Concat(method.GetMethodBody()?.LocalVariables.Select(v => v.LocalType) ?? [])
            .Concat(method.GetMethodBody()?.ExceptionHandlingClauses
                .Where(c => c.Flags == ExceptionHandlingClauseOptions.Clause).Select(c => c.CatchType!) ?? [])
            .Concat(Uses(method).SelectMany(m => m switch
            {
                Type t => [t],
                MethodInfo { IsGenericMethod: true } g => g.GetGenericArguments().Append(g.DeclaringType!),
                _ => [m.DeclaringType!],
            }));

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition())
        : [type];

    private static MemberInfo Resolve(MethodBase method, int token) => method.Module.ResolveMember(
        token,
        method.DeclaringType?.GetGenericArguments(),
        method.IsGenericMethod ? method.GetGenericArguments() : null)!;

    private static int Size(OperandType type, ReadOnlySpan<byte> operand) => type switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BinaryPrimitives.ReadInt32LittleEndian(operand)),
        _ => 4,
    };
}
