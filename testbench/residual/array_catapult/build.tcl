# residual in Siemens Catapult:  catapult -shell -file build.tcl
# Steps: edit here, or set QHLS_STEPS, for example  QHLS_STEPS="csim csynth cosim export".
set steps {csim csynth}
if {[info exists ::env(QHLS_STEPS)]} { set steps [split $::env(QHLS_STEPS)] }
set here [file normalize [file dirname [info script]]]
cd $here  ;# paths below are relative: options split others at their spaces

project new -name residual_prj
options set Input/CppStandard c++17
options set Input/CompilerFlags "-DQHLS_TAPS"
options set Output/OutputVHDL false
flow package require /SCVerify
# The simulation runs elsewhere, by make and a shell: both get the folder as one word.
flow package option set /SCVerify/INVOKE_ARGS "'[string map {' '\\'' $ $$} $here/tb_data]'"
solution file add src/residual.cpp -type C++
solution file add tb/residual_test.cpp -type C++ -exclude true
directive set -DESIGN_HIERARCHY residual
# Arrays of fewer bits become registers; the code names the memories that are smaller.
directive set -MEM_MAP_THRESHOLD 129
directive set -REGISTER_THRESHOLD 1024
go analyze
go compile
if {"csim" in $steps} { flow run /SCVerify/launch_make ./scverify/Verify_orig_cxx_osci.mk {} SIMTOOL=osci sim }
if {"csynth" in $steps} {
  solution library add nangate-45nm_beh
  # Memories that come with Catapult, without an area: put your process' own here.
  solution library add ccs_sample_mem
  solution library add ccs_sample_rom
  go libraries
  directive set -CLOCKS {clk {-CLOCK_PERIOD 5.0}}
  go assembly
  go architect
  go allocate
  go schedule
  go extract
}
if {"cosim" in $steps} { flow run /SCVerify/launch_make ./scverify/Verify_rtl_v_msim.mk {} SIMTOOL=msim sim }
if {"export" in $steps} { project save }
exit
